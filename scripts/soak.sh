#!/usr/bin/env bash
# Does a long training hold its memory and its disk? Trains 10 million parameters on a cluster of its own (scripts/cluster.sh: two workers, HDFS) and
# prints, some steps apart, what lives in the heap of the driver and of each executor after a full collection, what the system
# has given them, and what the disks hold: scripts/soak.sh [--steps N] [--every N] [--dir DIR]
# --steps N  of the training (default 2000); --every N  steps between two lines (default 250); --dir DIR  of the cluster, kept (default target/soak)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/submit.sh"

steps=2000 every=250 dir=$root/target/soak
take_options "steps every dir" "$@"

build
tools=$(dirname "$(readlink -f "$(command -v "$java")")")
[ -x "$tools/jcmd" ] || missing "a JDK, not only a Java runtime: there is no jcmd" openjdk-17-jdk java-17-openjdk-devel openjdk@17
dir=$(new_directory "$dir")
say_failures "$dir"
mkdir "$dir/driver-tmp"
"$root/scripts/cluster.sh" start --workers 2 --memory 2g --hdfs --datanodes 1 --dir "$dir/cluster" >&2
training=
trap '[ -z "$training" ] || kill "$training" 2>/dev/null || true; "$root/scripts/cluster.sh" stop --dir "$dir/cluster" >&2' EXIT

MICROGPT_TERMINAL=1 SPARK_LOCAL_DIRS=$dir/driver-tmp "$root/jobs/train.sh" --master "$(<"$dir/cluster/spark.url")" --executor-memory 1500m --driver-memory 3g \
  --config "$root/conf/names.conf" --set "data.path=file://$root/data-samples/names.txt" --out "$(<"$dir/cluster/hdfs.url")/soak" \
  --set model.n-embd=256 --set model.n-head=8 --set model.n-layer=13 --set model.mlp-dim=1024 \
  --set train.batch-size=8 --set "train.steps=$steps" --set "train.checkpoint-every=$every" --set "train.eval-every=$every" \
  --set schedule.base-lr=1e-4 >"$dir/train.out" 2>"$dir/train.err" &
training=$!

jvms() { # class: of this training
  "$tools/jps" -l | awk -v class="$1" '$2 ~ class { print $1 }' | sort -n
}

live() { # pid: what a full collection leaves in the heap, in MB
  "$tools/jcmd" "$1" GC.run >/dev/null
  "$tools/jcmd" "$1" GC.heap_info | awk '
    match($0, /used [0-9]+K/) && $0 !~ /Metaspace|class space/ { kb += substr($0, RSTART + 5, RLENGTH - 6) }
    END { printf "%.0f", kb / 1024 }'
}

resident() { # pid
  awk '/^VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$1/status" 2>/dev/null || ps -o rss= -p "$1" | awk '{ printf "%.0f", $1 / 1024 }'
}

disk() { # directories
  du -sm "$@" 2>/dev/null | awk '{ mb += $1 } END { printf "%d", mb }'
}

report() { # step
  local pid columns=
  for pid in $(jvms SparkSubmit) $(jvms CoarseGrainedExecutorBackend); do
    columns+=" $(live "$pid") / $(resident "$pid") |"
  done
  echo "| $1 |$columns $(disk "$dir/driver-tmp" "$dir"/cluster/worker-*) | $(disk "$dir/cluster/hdfs") |"
}

echo "| step | driver: live heap / resident, MB | executor | executor | disks of Spark, MB | of HDFS, MB |"
echo "|---|---|---|---|---|---|"
next=$every
while kill -0 "$training" 2>/dev/null; do
  step=$(grep -o 'step [0-9]*/' "$dir/train.err" | tail -1 | tr -dc 0-9) || true
  if [ "${step:-0}" -ge "$next" ] && [ "$next" -lt "$steps" ]; then
    report "$step"
    next=$((next + every))
  fi
  sleep 1
done
wait "$training"
training=
tail -2 "$dir/train.out"
