package dev.ringfence.catalog;

import java.util.Optional;

/** What a model is good at. Files and the API use {@link #externalName()}. */
public enum ModelCapability {
    TEXT_GENERATION("TextGeneration"),
    CODE_GENERATION("CodeGeneration"),
    REASONING("Reasoning"),
    TOOL_USE("ToolUse"),
    FUNCTION_CALLING("FunctionCalling"),
    EMBEDDINGS("Embeddings");

    private final String externalName;

    ModelCapability(String externalName) {
        this.externalName = externalName;
    }

    public String externalName() {
        return externalName;
    }

    /** The capability of exactly that external name. */
    public static Optional<ModelCapability> of(String externalName) {
        for (var capability : values()) {
            if (capability.externalName.equals(externalName)) {
                return Optional.of(capability);
            }
        }
        return Optional.empty();
    }
}
