#!/usr/bin/env bash
# The chapter's case study, "Stabilising 1.2M Parameters": the same model at learning rate 0.001 with a warm-up of 100 steps, and at 0.0005 with 2,500.
#   scripts/planner.sh TEXT [--steps N] [--dir DIR]
# TEXT    blocks of an intent, /* ... */, and the line of its plan, as data-samples/plans.txt
# --steps N  of each of the two trainings, which run side by side, a thread each (default 5000); --dir DIR  of the runs, kept (default target/planner)
# Prints for both: losses, the share of steps with a clipped gradient, and how many greedy plans of the test part are the right ones, to the character; and
# writes both curves as DIR/curves.html. Equal blocks are all in the train part or all in the test part; tests whose intent stands in train are counted apart.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/submit.sh"
jobs=$root/jobs

text=
case ${1:-} in
  -*) ;; # --help, or TEXT is missing
  ?*) text=$1 && shift ;;
esac
steps=5000 dir=$root/target/planner
take_options "steps dir" "$@"
[ -f "$text" ] || { echo "error: ${text:-no TEXT is given}${text:+: no such file}; --help shows what is needed" >&2 && exit 2; }
build
dir=$(new_directory "$dir")
say_failures "$dir"
"$jobs/prepare.sh" --input "$text" --out "$dir/dataset" --set data.format=blocks --set data.tokenizer=char --set data.test-fraction=0.1 --set data.shards=8 \
  --set model.block-size=128

train() { # name, learning rate, warm-up
  "$jobs/train.sh" --no-spark --data "$dir/dataset" --out "$dir/$1" --set model.n-embd=128 --set model.n-head=8 --set model.n-layer=6 \
    --set model.block-size=128 --set model.mlp-dim=512 --set train.batch-size=8 --set "train.steps=$steps" --set train.eval-every=250 \
    --set train.checkpoint-every=500 --set "schedule.base-lr=$2" --set "schedule.warmup-steps=$3" >"$dir/$1.out" 2>"$dir/$1.log"
}

# Test documents as prompts: the intent's line, with the plan that is expected. (A line of JSON each; what is between the quotes stays as it is.)
prompts() {
  "$jobs/evaluate.sh" --no-spark --model "$dir/tuned" --per-document "$dir/documents" >/dev/null 2>&1
  cat "$dir"/documents/part-* >"$dir/documents.jsonl"
  sed -n 's/.*"part":"train".*"text":"\(.*\*\/\)\\n\([^"]*\)".*/\1/p' "$dir/documents.jsonl" | sort -u >"$dir/trained-intents"
  sed -n 's/.*"part":"test".*"text":"\(.*\*\/\\n\)\([^"]*\)".*/{"prompt":"\1","plan":"\2"}/p' "$dir/documents.jsonl" >"$dir/prompts.jsonl"
}

completed() { # name: of the test's rows, how many plans came out as expected: all, and of intents that are not in train
  "$jobs/generate.sh" --model "$dir/$1" --prompts "$dir/prompts.jsonl" --out "$dir/$1-plans" --temperature 0 >/dev/null 2>&1
  cat "$dir/$1-plans"/part-* |
    sed -n 's/^{"plan":"\([^"]*\)","prompt":"\(.*\*\/\)\\n","completion":"\([^"]*\)".*/\2\t\1\t\3/p' |
    awk -F'\t' 'NR == FNR { trained[$0] = 1; next }
      { rows++; right += $2 == $3; plan += $3 ~ /^seq(\|[a-z0-9_]+)+$/; if (!($1 in trained)) { fresh++; freshRight += $2 == $3 } }
      END { printf "%.1f %% | %.1f %% of %d | %.1f %% of %d", 100 * plan / rows, 100 * right / rows, rows, fresh ? 100 * freshRight / fresh : 0, fresh }' \
      "$dir/trained-intents" -
}

train default 0.001 100 &
first=$!
trap 'kill "$first" 2>/dev/null || true' EXIT
train tuned 0.0005 2500
wait "$first"
prompts
echo "| run | train loss | test loss | lowest test loss | steps clipped | plans that parse | right plans | right, intent not in train |"
echo "|---|---|---|---|---|---|---|---|"
for run in default tuned; do
  losses=$("$jobs/evaluate.sh" --no-spark --model "$dir/$run" 2>/dev/null | awk '/^(train|test) / { printf "%s | ", $3 }')
  best=$(sed -n 's/.*"test_loss":\([0-9.]*\).*/\1/p' "$dir/$run/metrics.jsonl" | sort -g | awk 'NR == 1 { printf "%.4f", $1 }')
  clipped=$(sed -n 's/.*"grad_norm":\([0-9.eE+-]*\).*/\1/p' "$dir/$run/metrics.jsonl" | awk '{ n += $1 > 1 } END { printf "%.1f %%", 100 * n / NR }')
  echo "| $run | $losses$best | $clipped | $(completed "$run") |"
done
"$root/scripts/compare.sh" "$dir/default" "$dir/tuned" --out "$dir/curves.html" >/dev/null
echo "curves: $dir/curves.html"
