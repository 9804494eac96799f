package dev.ringfence.catalog;

import java.net.URI;
import java.nio.file.Path;
import java.util.Objects;

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
     */
    record LocalFile(Path filePath) implements Provider {
        public LocalFile {
            if (!filePath.isAbsolute()) {
                throw new IllegalArgumentException("a model's file must be an absolute path: " + filePath);
            }
        }
    }

    /** A model of the Hugging Face hub, such as {@code owner/name}. */
    record HuggingFace(String modelPath) implements Provider {
        public HuggingFace {
            Objects.requireNonNull(modelPath);
        }
    }

    /** A model of OpenAI's API. */
    record OpenAI(String modelName) implements Provider {
        public OpenAI {
            Objects.requireNonNull(modelName);
        }
    }

    /** A model of Anthropic's API. */
    record Anthropic(String modelName) implements Provider {
        public Anthropic {
            Objects.requireNonNull(modelName);
        }
    }

    /** Any server that speaks OpenAI's API. */
    record Custom(URI endpointUrl) implements Provider {
        public Custom {
            Objects.requireNonNull(endpointUrl);
        }
    }
}
