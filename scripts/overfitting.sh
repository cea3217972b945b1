#!/usr/bin/env bash
# Overfitting and its cures: scripts/overfitting.sh [--steps N] [--dir DIR] prints a table.
# A model learns sixty melodies by heart: its train perplexity falls towards 1 while that of melodies that it has never heard rises.
# The same model with early stopping, with dropout, with both, and with all two thousand melodies. All are tested on the same
# melodies: those held out of the sixty are held out of the two thousand too, because the content decides.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/submit.sh"

steps=2000 dir=$root/target/overfitting
take_options "steps dir" "$@"
build
dir=$(new_directory "$dir")
say_failures "$dir"
config=$root/conf/melodies.conf

number() { # JSON object, part, field
  sed -n "s/.*\"$2\":{[^}]*\"$3\":\([0-9.E+-]*\).*/\1/p" <<<"$1"
}

train() { # run, dataset, more options...
  local run=$1 data=$2
  shift 2
  "$root/jobs/train.sh" --no-spark --config "$config" --data "$dir/$data" --out "$dir/$run" --set "train.steps=$steps" \
    --set "train.eval-every=$((steps / 40))" --set "train.checkpoint-every=$steps" "$@" >"$dir/$run.log" 2>&1
}

row() { # name, run, --best or nothing
  local json
  json=$("$root/jobs/evaluate.sh" --no-spark --json --model "$dir/$2" --data "$dir/sixty" ${3:+"$3"} 2>>"$dir/$2.log")
  printf '| %-34s | %5d | %16.2f | %15.2f |\n' "$1" "$(sed -n 's/.*"step":\([0-9]*\).*/\1/p' <<<"$json")" \
    "$(number "$json" train perplexity)" "$(number "$json" test perplexity)"
}

head -n 90 "$root/data-samples/melodies.txt" >"$dir/few.txt"
"$root/jobs/prepare.sh" --config "$config" --input "$root/data-samples/melodies.txt" --out "$dir/all" \
  --set data.test-fraction=0.33 >"$dir/prepare.log" 2>&1
"$root/jobs/prepare.sh" --config "$config" --input "$dir/few.txt" --out "$dir/sixty" --set data.test-fraction=0.33 \
  --set "data.vocabulary=$dir/all" >>"$dir/prepare.log" 2>&1
train heart sixty
train early sixty --set train.patience=4
train dropout sixty --set model.dropout=0.3
train both sixty --set model.dropout=0.3 --set train.patience=4
train more all

echo "| model                              |  step | train perplexity | test perplexity |"
echo "|---|---|---|---|"
row "sixty melodies, all steps" heart
row "its best checkpoint" heart --best
row "early stopping, patience 4, --best" early --best
row "dropout 0.3, all steps" dropout
row "dropout 0.3, patience 4, --best" both --best
row "all melodies (train: the sixty)" more
echo
echo "By step, sixty melodies without a cure: train loss of the step and test loss"
sed -n 's/.*"step":\([0-9]*\),"loss":\([0-9.E-]*\),.*"test_loss":\([0-9.E-]*\).*/\1 \2 \3/p' "$dir/heart/metrics.jsonl" |
  awk 'NR % 4 == 0 { printf "%6d  %.3f  %.3f\n", $1, $2, $3 }'
