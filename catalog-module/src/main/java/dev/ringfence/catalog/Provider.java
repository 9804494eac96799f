package dev.ringfence.catalog;

import java.net.URI;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Where a model runs. */
public sealed interface Provider {
    /** The name that configuration uses, such as {@code LocalFile}. */
    default String externalName() {
        return getClass().getSimpleName();
    }

    /**
     * A file of this host. Nobody has looked yet whether it is there.
     *
     * @param filePath absolute
     * @param sha256 of the whole file, in lower-case hexadecimal digits; null means that it is not checked
     */
    record LocalFile(Path filePath, @Nullable String sha256) implements Provider {
        public LocalFile {
            if (!filePath.isAbsolute()) {
                throw new IllegalArgumentException("a model's file must be an absolute path: " + filePath);
            }
        }

        public LocalFile(Path filePath) {
            this(filePath, null);
        }
    }

    /**
     * A model of the Hugging Face hub, in this host's cache of it.
     *
     * @param modelPath the repository, such as {@code owner/name}
     * @param file the GGUF file in it; null when it has just one
     * @param revision a branch, a tag or a commit
     * @param sha256 as for a local file
     */
    record HuggingFace(
            String modelPath,
            @Nullable String file,
            String revision,
            @Nullable String sha256) implements Provider {
        public static final String DEFAULT_REVISION = "main";

        public HuggingFace {
            Objects.requireNonNull(modelPath);
            Objects.requireNonNull(revision);
        }

        public HuggingFace(String modelPath) {
            this(modelPath, null, DEFAULT_REVISION, null);
        }
    }

    /** A model that runs elsewhere and is reached over HTTP. */
    sealed interface Remote extends Provider {
        RemoteAccess access();
    }

    /** A model of OpenAI's API. */
    record OpenAI(String modelName, RemoteAccess access) implements Remote {
        public OpenAI {
            Objects.requireNonNull(modelName);
            Objects.requireNonNull(access);
        }

        public OpenAI(String modelName) {
            this(modelName, RemoteAccess.openAi());
        }
    }

    /** A model of Anthropic's API. */
    record Anthropic(String modelName, RemoteAccess access) implements Remote {
        public Anthropic {
            Objects.requireNonNull(modelName);
            Objects.requireNonNull(access);
        }

        public Anthropic(String modelName) {
            this(modelName, RemoteAccess.anthropic());
        }
    }

    /**
     * Any server that speaks OpenAI's API, such as another Ringfence.
     *
     * @param modelName what that server calls the model; null when it has the catalog's id there too
     */
    record Custom(@Nullable String modelName, RemoteAccess access) implements Remote {
        public Custom {
            Objects.requireNonNull(access);
        }

        public Custom(URI endpointUrl) {
            this(null, RemoteAccess.custom(endpointUrl));
        }
    }
}
