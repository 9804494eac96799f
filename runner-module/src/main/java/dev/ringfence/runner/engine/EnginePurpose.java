package dev.ringfence.runner.engine;

import dev.ringfence.runner.engine.GenerationRequest.Operation;

/** What an engine is started for. llama.cpp's server does one or the other: one that makes vectors writes no texts. */
public enum EnginePurpose {
    TEXT,
    EMBEDDINGS;

    static EnginePurpose of(Operation operation) {
        return switch (operation) {
            case CHAT, COMPLETION -> TEXT;
            case EMBEDDINGS -> EMBEDDINGS;
        };
    }
}
