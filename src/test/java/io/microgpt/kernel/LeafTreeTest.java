package io.microgpt.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LeafTreeTest {
    private static int[] program(String program) {
        return program.isEmpty()
                ? new int[0]
                : Arrays.stream(program.split(" "))
                        .mapToInt(operation -> operation.equals("+") ? LeafTree.ADD : Integer.parseInt(operation))
                        .toArray();
    }

    @ParameterizedTest
    @CsvSource({
        "1,                   leaves out of order in [1]",
        "0 0 +,               'leaves out of order in [0, 0, -1]'",
        "0 2 +,               'leaves out of order in [0, 2, -1]'",
        "1 0 +,               'leaves out of order in [1, 0, -1]'",
        "-2,                  leaves out of order in [-2]",
        "0 1 + 3 +,           'leaves out of order in [0, 1, -1, 3, -1]'",
        "+,                   nothing to add in [-1]",
        "0 +,                 'nothing to add in [0, -1]'",
        "0 + 1 +,             'nothing to add in [0, -1, 1, -1]'",
        "0 1 + +,             'nothing to add in [0, 1, -1, -1]'",
        "'',                  0 sums are left by []",
        "0 1,                 '2 sums are left by [0, 1]'",
        "0 1 + 2,             '2 sums are left by [0, 1, -1, 2]'",
        "0 1 2 3 +,           '3 sums are left by [0, 1, 2, 3, -1]'"
    })
    void notAProgram(String program, String message) {
        assertThatThrownBy(() -> new LeafTree(program(program)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource({
        "0,                             1, 1",
        "0 1 +,                         2, 2",
        "0 1 + 2 +,                     3, 2",
        "0 1 2 + +,                     3, 3",
        "0 1 + 2 3 + +,                 4, 3",
        "0 1 + 2 + 3 + 4 +,             5, 2",
        "0 1 2 3 4 + + + +,             5, 5",
        "0 1 + 2 3 + + 4 5 + 6 7 + + +, 8, 4"
    })
    void sizeAndDepth(String text, int leaves, int depth) {
        int[] program = program(text);
        LeafTree tree = new LeafTree(program);
        assertThat(tree.size()).isEqualTo(leaves);
        assertThat(tree.depth()).isEqualTo(depth);
        assertThat(tree.length()).isEqualTo(program.length);
        for (int i = 0; i < program.length; i++) {
            assertThat(tree.operation(i)).isEqualTo(program[i]);
        }
        assertThat(tree.leaves()).isZero();
        assertThat(tree.rows()).isZero();
    }

    @Test
    void anyTreeIsAProgram() {
        for (int leaves = 1; leaves < 40; leaves++) {
            LeafTree tree = new LeafTree(LeafPrograms.random(leaves, new Random(leaves)));
            assertThat(tree.size()).isEqualTo(leaves);
            assertThat(tree.length()).isEqualTo(2 * leaves - 1);
            assertThat(tree.depth()).isBetween(Math.min(2, leaves), leaves);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 700})
    void boundsOfLeaves(int first) {
        LeafTree tree = new LeafTree(program("0 1 + 2 +"));
        tree.leaf(first);
        assertThat(tree.leaves()).isEqualTo(1);
        assertThat(tree.rows()).isZero();
        tree.end(first + 3);
        tree.end(first + 10); // another document of the same leaf
        assertThat(tree.start(0)).isEqualTo(first);
        assertThat(tree.start(1)).isEqualTo(first + 10);
        assertThat(tree.rows()).isEqualTo(10);
        tree.leaf(first + 10);
        assertThat(tree.leaves()).isEqualTo(2);
        assertThat(tree.rows()).isEqualTo(10);
        tree.end(first + 11);
        tree.leaf(first + 11);
        tree.end(first + 20);
        assertThat(tree.leaves()).isEqualTo(3);
        int[] starts = {tree.start(0), tree.start(1), tree.start(2), tree.start(3)};
        assertThat(starts).containsExactly(first, first + 10, first + 11, first + 20);
        assertThat(tree.rows()).isEqualTo(20);
        assertThat(tree.size()).isEqualTo(3);
    }

    @Test
    void moreLeavesThanNamed() {
        LeafTree tree = new LeafTree(program("0 1 +"));
        tree.leaf(0);
        tree.end(5);
        tree.leaf(5);
        tree.end(7);
        assertThatThrownBy(() -> tree.leaf(7))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("more leaves than the 2 of [0, 1, -1]");
        assertThat(tree.leaves()).isEqualTo(2);
        assertThat(tree.rows()).isEqualTo(7);
    }
}
