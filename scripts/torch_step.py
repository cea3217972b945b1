#!/usr/bin/env python3
"""A training step by PyTorch: the peer of io.microgpt.bench.StepTiming, with the same model, shapes and batches.

  torch_step.py WORKLOAD [SECONDS] [THREADS] [--names FILE] [--text FILE]

WORKLOAD is shakespeare, names, context256, context1024 or gpt124m (or shakespeare-trained or context256-trained, the same). A step is forward, backward, clip and Adam. Rows of
unequal length are padded to the longest of their batch and masked; padding is no token. Choosing the batch is not timed.
"""
import argparse
import itertools
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data-samples")
LEAST_TEXT_VOCABULARY = 65
PADDING = -1

# data, E, H, L, B, documents a step
WORKLOADS = {
    "shakespeare": ("text", 128, 4, 4, 64, 12),
    "names": ("names", 16, 4, 1, 16, 32),
    "context256": ("text", 128, 4, 4, 256, 8),
    # What a model has learned does not change the speed of dense products.
    "shakespeare-trained": ("text", 128, 4, 4, 64, 12),
    "context256-trained": ("text", 128, 4, 4, 256, 8),
    "context1024": ("text", 128, 4, 4, 1024, 2),
    "gpt124m": ("random", 768, 12, 12, 1024, 4),
}
RANDOM_VOCABULARY, RANDOM_POSITIONS = 50257, 64
# As in StepTiming, but nothing is compiled first.
WINDOW, LONGEST_WARM_UP, AGREEMENT = 1.5, 10.0, 0.03


def normalised(x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5)


class Layer(torch.nn.Module):
    def __init__(self, e, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.wo = parameter(3 * e, e), parameter(e, e)
        self.fc1, self.fc2 = parameter(4 * e, e), parameter(e, 4 * e)

    def forward(self, x, hidden_future):
        n, t, e = x.shape
        qkv = F.linear(normalised(x), self.qkv).view(n, t, 3, self.heads, e // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-1, -2)) * (e // self.heads) ** -0.5
        attended = scores.masked_fill(hidden_future, -1e30).softmax(-1) @ v
        x = x + F.linear(attended.transpose(1, 2).reshape(n, t, e), self.wo)
        return x + F.linear(F.relu(F.linear(normalised(x), self.fc1)), self.fc2)


class Gpt(torch.nn.Module):
    def __init__(self, vocabulary, e, heads, layers, block):
        super().__init__()
        self.wte, self.wpe, self.lm_head = parameter(vocabulary, e), parameter(block, e), parameter(vocabulary, e)
        self.layers = torch.nn.ModuleList(Layer(e, heads) for _ in range(layers))
        self.register_buffer("future", torch.ones(block, block, dtype=torch.bool).triu(1))

    def forward(self, tokens):
        t = tokens.shape[1]
        x = normalised(self.wte[tokens] + self.wpe[:t])
        for layer in self.layers:
            x = layer(x, self.future[:t, :t])
        return F.linear(x, self.lm_head)


def parameter(*shape):
    return torch.nn.Parameter(torch.randn(*shape) * 0.08)


def names(path, block, count, rng):
    """Documents of a line each, between boundaries."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    ids = {c: i for i, c in enumerate(sorted(set("".join(lines))))}
    boundary = len(ids)
    rows = np.full((len(lines), block + 1), PADDING, np.int64)
    for row, line in zip(rows, lines):
        tokens = [boundary, *(ids[c] for c in line), boundary][: block + 1]
        row[: len(tokens)] = tokens
    rng.shuffle(rows)
    train = rows[: len(rows) * 9 // 10]
    lengths = (train != PADDING).sum(1) - 1

    def batch():
        chosen = train[rng.randint(0, len(train), count)]
        return chosen[:, : (chosen != PADDING).sum(1).max()]

    return batch, boundary + 1, lengths


def text(path, block, count, rng):
    """Pieces of contiguous text from anywhere."""
    with open(path, encoding="utf-8") as file:
        content = file.read()
    ids = {c: i for i, c in enumerate(sorted(set(content)))}
    train = np.array([ids[c] for c in content], np.int64)[: len(content) * 9 // 10]

    def batch():
        return np.stack([train[i : i + block + 1] for i in rng.randint(0, len(train) - block, count)])

    return batch, max(LEAST_TEXT_VOCABULARY, len(ids)), np.array([block])


def random(count, rng):
    def batch():
        return rng.randint(0, RANDOM_VOCABULARY, (count, RANDOM_POSITIONS + 1))

    return batch, RANDOM_VOCABULARY, np.array([RANDOM_POSITIONS])


def flops_per_token(vocabulary, e, layers, lengths):
    """Products with weights and attention, forward and backward; as in Flops.java."""
    weights = 6 * (vocabulary * e + layers * 12 * e * e)
    attention = 3 * layers * 2 * 2 * e * (lengths * (lengths + 1) / 2).sum() / lengths.sum()
    return weights + attention


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("workload", choices=WORKLOADS)
    arguments.add_argument("seconds", nargs="?", type=float, default=5.0)
    arguments.add_argument("threads", nargs="?", type=int, default=1)
    arguments.add_argument("--names", default=os.path.join(SAMPLES, "names.txt"))
    arguments.add_argument("--text", default=os.path.join(SAMPLES, "stories.txt"))
    given = arguments.parse_args()
    data, e, heads, layers, block, count = WORKLOADS[given.workload]

    torch.set_num_threads(given.threads)
    torch.manual_seed(1)
    rng = np.random.RandomState(1)
    if data == "names":
        batch, vocabulary, lengths = names(given.names, block, count, rng)
    elif data == "text":
        batch, vocabulary, lengths = text(given.text, block, count, rng)
    else:
        batch, vocabulary, lengths = random(count, rng)
    model = Gpt(vocabulary, e, heads, layers, block)
    adam = torch.optim.Adam(model.parameters(), betas=(0.85, 0.99), eps=1e-8)
    base_rate = 0.01 if data == "names" else 0.001
    numbers = itertools.count()

    def step():
        """Does one step. Returns its tokens and its seconds."""
        number, tokens = next(numbers), torch.from_numpy(batch())
        start = time.perf_counter()
        for group in adam.param_groups:
            group["lr"] = base_rate * min(1.0, number / 100)
        inputs, targets = tokens[:, :-1].clamp(min=0), tokens[:, 1:]
        logits = model(inputs)
        loss = F.cross_entropy(logits.reshape(-1, vocabulary), targets.reshape(-1), ignore_index=PADDING)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        if not math.isfinite(float(loss)):
            raise ArithmeticError(f"step {number} gave a loss of {float(loss)}")
        spent = time.perf_counter() - start
        return int((targets != PADDING).sum()), spent

    def run(seconds, fewest):
        steps = tokens = spent = 0
        while steps < fewest or spent < seconds:
            n, s = step()
            steps, tokens, spent = steps + 1, tokens + n, spent + s
        return steps, tokens, spent

    before = warm = 0.0
    steady = False
    while not steady and warm < LONGEST_WARM_UP:
        steps, tokens, spent = run(WINDOW, 1)
        rate = tokens / spent
        steady = before > 0 and (abs(rate / before - 1) < AGREEMENT or steps == 1)
        before, warm = rate, warm + spent

    steps, tokens, spent = run(given.seconds, 2)
    rate = tokens / spent
    print(
        f"workload={given.workload} tokens_per_second={rate:.1f}"
        f" gflops={rate * flops_per_token(vocabulary, e, layers, lengths) * 1e-9:.2f}"
        f" ms_per_step={spent * 1e3 / steps:.4f} threads={given.threads} torch={torch.__version__}",
        flush=True,
    )


main()
