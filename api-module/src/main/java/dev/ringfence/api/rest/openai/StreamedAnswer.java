package dev.ringfence.api.rest.openai;

/** An answer that is sent while it comes: its head goes before its end is known. */
interface StreamedAnswer extends Answer {
    /** What to send when it goes wrong after something was sent. */
    String failed(OpenAiError error);

    @Override
    default String mediaType() {
        return Frames.EVENT_STREAM;
    }
}
