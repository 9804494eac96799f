package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AnswerRoomTest {
    private final AnswerRoom room = new AnswerRoom(100);

    @Test
    void anAgentHasHalfOfTheRoom() {
        var _ = room.take("a", 30);

        assertThatThrownBy(() -> room.take("a", 21))
                .isInstanceOf(AnswerRoom.TooMany.class)
                .hasMessageContaining("21 bytes")
                .hasMessageContaining("30 bytes")
                .hasMessageContaining("at most 50");
        assertThat(room.take("a", 20)).isNotNull();
        assertThat(room.take("b", 50)).isNotNull();
        assertThatThrownBy(() -> room.take("c", 1))
                .isInstanceOf(AnswerRoom.TooMany.class)
                .hasMessageContaining("at most 100");
    }

    @Test
    void whatHasEndedMakesRoomOnce() {
        var first = room.take("a", 30);
        var _ = room.take("a", 20);

        first.close();
        first.close();

        assertThat(room.take("a", 30)).isNotNull();
        assertThatThrownBy(() -> room.take("a", 1)).isInstanceOf(AnswerRoom.TooMany.class);
    }

    @Test
    void anAnswerThatIsLargerThanTheRoomIsLetThroughAlone() {
        var large = room.take("a", 1000);

        assertThatThrownBy(() -> room.take("a", 1)).isInstanceOf(AnswerRoom.TooMany.class);
        assertThatThrownBy(() -> room.take("b", 1)).isInstanceOf(AnswerRoom.TooMany.class);
        large.close();
        assertThat(room.take("b", 1000)).isNotNull();
    }
}
