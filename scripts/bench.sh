#!/usr/bin/env bash
# Measures training and generating against PyTorch and against the processor's own limit, in turn, and prints a table.
#   scripts/bench.sh [--quick] [--runs N] [--workloads A,B] [--java-homes DIR[:DIR]] [--names FILE] [--text FILE] [--kernels]
# --quick          one short run of few workloads, a few minutes; for a first look, not for quoting
# --runs N         times that everything is measured in turn (default 5); the table shows medians
# --workloads A,B  of shakespeare, shakespeare-trained, names, context256, context256-trained, context1024, gpt124m, decode1, decode64 (Workload.java
#                  says what they are; what is trained first takes minutes, once)
# --java-homes     JDKs to measure; default: JAVA_HOME or the java on the PATH
# --names, --text  data instead of data-samples/: a name a line; one continuous text
# --kernels        times the kernels as well, by JMH
# --spark          instead of all that, what a step on Spark costs beyond its arithmetic, on local[2] and on a standalone cluster of two workers
#                  that it starts here: ours, the loop that anyone would write first, and a bare count() of as many cached partitions;
#                  a run takes half an hour, as it warms up for thousands of steps
# PyTorch is measured where `/usr/bin/python3 -c 'import torch'` works ($PYTHON names another), the peak where there is gcc. Debian's PyTorch takes
# the BLAS that there is: with the reference one it is twenty times slower than with OpenBLAS (libopenblas0-pthread), which this script says.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/submit.sh"

# The C program of the chapter cannot be measured here. On another machine (AMD EPYC, AVX2, peak of one thread 99 GFLOP/s) it did:
chapter="names 149-168k tokens/s, shakespeare 1.5k tokens/s, decoding one sequence of its shape 7.1k tokens/s"

# The large shape needs minutes a run: its medians are of this many runs at most.
most_runs_gpt124m=3

out=$root/target/bench
results=$out/results.txt
log=$out/stderr.log

# By default glibc gives large blocks back to the system after every use, and PyTorch pays for that with page faults: with blocks of
# 1,024 positions half its time. A peer at its best keeps them.
keep_memory=(MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=17179869184)
python=${PYTHON:-/usr/bin/python3}

torch_version='
import time, torch
torch.set_num_threads(1)
a, best = torch.ones(512, 512), 0.0
for _ in range(20):
    start = time.perf_counter()
    a @ a
    best = max(best, 2 * 512**3 / (time.perf_counter() - start) * 1e-9)
print(f"PyTorch {torch.__version__}, whose BLAS does {best:.0f} GFLOP/s" + (": not OpenBLAS? its figures say little" if best < 20 else ""))
'

usage() {
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

options() {
  quick= kernels= spark= runs= workloads=
  java_homes=${JAVA_HOME:-}
  names=$root/data-samples/names.txt
  text=$root/data-samples/stories.txt
  while [ $# -gt 0 ]; do
    case $1 in
      --quick) quick=yes ;;
      --kernels) kernels=yes ;;
      --spark) spark=yes ;;
      --help | -h) usage && exit 0 ;;
      --runs | --workloads | --java-homes | --names | --text)
        [ $# -gt 1 ] || { echo "error: $1 needs a value" >&2 && exit 2; }
        local variable=${1#--}
        printf -v "${variable//-/_}" %s "$2"
        shift
        ;;
      *) echo "error: unknown option $1; --help shows what there is" >&2 && exit 2 ;;
    esac
    shift
  done
  local file
  for file in "$names" "$text"; do
    [ -r "$file" ] || { echo "error: $file: no such file" >&2 && exit 2; }
  done
  if [ -n "$quick" ]; then
    runs=${runs:-1} workloads=${workloads:-shakespeare,names,context256,decode1} seconds=2
  else
    runs=${runs:-5} workloads=${workloads:-shakespeare,shakespeare-trained,names,context256,context256-trained,context1024,gpt124m,decode1,decode64} seconds=4
  fi
  [[ $runs =~ ^[1-9][0-9]*$ ]] || { echo "error: --runs $runs: must be a number from 1 up" >&2 && exit 2; }
  IFS=, read -r -a workloads <<<"$workloads"
}

build_benchmarks() {
  find_java
  command -v mvn >/dev/null || missing "Maven 3.6.3 or later" maven maven maven
  echo "Building the benchmarks ..." >&2
  # What JMH generated the last time, it does not write again.
  rm -rf "$root/target/generated-test-sources" "$root/target/test-classes/io/microgpt/bench"
  # Not test-compile: the tests are not needed.
  mvn -B -ntp -q -f "$root/pom.xml" -Pbench -Dspotless.check.skip compile \
    build-helper:add-test-source@bench-sources compiler:testCompile@compile-bench \
    dependency:build-classpath -Dmdep.outputFile="$root/target/bench-classpath.txt" >&2
  class_path=$root/target/test-classes:$root/target/classes:$(<"$root/target/bench-classpath.txt")
  mkdir -p "$out"
  : >"$results"
  : >"$log"
  peak=
  if command -v gcc >/dev/null; then
    gcc -O2 -march=native "$root/scripts/peak.c" -o "$out/peak" && peak=$out/peak
  fi
  torch=
  "$python" -c 'import torch' 2>/dev/null && torch=yes
  javas=("$java")
  [ -z "$java_homes" ] || IFS=: read -r -a javas <<<"$java_homes"
  [ -z "$java_homes" ] || javas=("${javas[@]/%//bin/java}")
  local one
  for one in "${javas[@]}"; do
    command -v "$one" >/dev/null || { echo "error: $one: no such program" >&2 && exit 2; }
  done
}

machine() {
  date '+%Y-%m-%d %H:%M %Z'
  sed -n 's/^model name[[:space:]]*: //p;T;q' /proc/cpuinfo 2>/dev/null || sysctl -n machdep.cpu.brand_string || true
  echo "$(getconf _NPROCESSORS_ONLN) hardware threads"
  local one
  for one in "${javas[@]}"; do
    "$one" -version 2>&1 | sed -n 2p
  done
  if [ -n "$torch" ]; then OPENBLAS_NUM_THREADS=1 "$python" -c "$torch_version"; else echo "no PyTorch for $python"; fi
}

measure() { # run, peer, command...: keeps the line that the command prints
  local run=$1 peer=$2 line
  shift 2
  if line=$("$@" 2>>"$log"); then
    echo "run=$run peer=$peer $line" | tee -a "$results" >&2
  else
    echo "run=$run peer=$peer failed: $* (see $log)" >&2
  fi
}

jvm() { # java, options and class...
  local one=$1
  shift
  "$one" "${jvm_modules[@]}" -Djava.io.tmpdir="$out" -Dbench.names="$names" -Dbench.text="$text" \
    ${MICROGPT_JAVA_OPTIONS:-} -cp "$class_path" "$@"
}

# Threads of one training of ours, beside PyTorch at its best.
processors=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)

# Threads of PyTorch and of its BLAS, which takes all that there are unless it is told.
torch_threads=(1-1)
[ "$processors" = 1 ] || torch_threads+=("1-$processors" "$processors-$processors")

slower() { # workload, threads: whether in the first run others were faster
  awk -v workload="$1" -v peer="torch$2" '
    $0 ~ "^run=1 peer=torch[0-9-]* workload=" workload " " {
      split($2, name, "="); split($4, tokens, "=")
      speed[name[2]] = tokens[2]
      if (tokens[2] > best) best = tokens[2]
    }
    END { exit !(peer in speed && speed[peer] < best) }' "$results"
}

measure_all() {
  local run workload threads i memory
  for ((run = 1; run <= runs; run++)); do
    [ -z "$peak" ] || measure "$run" peak "$peak"
    for workload in "${workloads[@]}"; do
      memory=()
      if [ "$workload" = gpt124m ]; then
        [ "$run" -le "$most_runs_gpt124m" ] || continue
        memory=(-Xmx10g)
      fi
      for i in "${!javas[@]}"; do
        measure "$run" "ours$i" jvm "${javas[i]}" ${memory[@]+"${memory[@]}"} io.microgpt.bench.StepTiming "$workload" "$seconds"
      done
      case $workload in decode*) continue ;; esac
      [ "$processors" = 1 ] || measure "$run" all jvm "${javas[0]}" ${memory[@]+"${memory[@]}"} -Dbench.threads="$processors" \
        io.microgpt.bench.StepTiming "$workload" "$seconds"
      for threads in "${torch_threads[@]}"; do
        # One thread always; of the others the one that was the best in the first run.
        [ "$threads" = 1-1 ] || [ "$run" = 1 ] || ! slower "$workload" "$threads" || continue
        [ -z "$torch" ] || measure "$run" "torch$threads" env "${keep_memory[@]}" OPENBLAS_NUM_THREADS="${threads#*-}" \
          "$python" "$root/scripts/torch_step.py" "$workload" "$seconds" "${threads%-*}" --names "$names" --text "$text"
      done
    done
  done
}

# A ratio is the median of the runs' ratios, not the ratio of the medians: what is measured together is compared.
table() {
  awk -v workloads="${workloads[*]}" -v javas="${#javas[@]}" -v torch="$torch" -v processors="$processors" '
    function median(values, n,    i, j, v) {
      for (i = 2; i <= n; i++) {
        v = values[i]
        for (j = i - 1; j > 0 && values[j] > v; j--) values[j + 1] = values[j]
        values[j + 1] = v
      }
      return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
    }
    # The median over the runs of one figure, over another where one is given; -1 without any.
    function typical(key, over,    run, n, values) {
      for (run = 1; run <= runs; run++) {
        if ((run, key) in of && (over == "" || (run, over) in of)) {
          values[++n] = of[run, key] / (over == "" ? 1 : of[run, over])
        }
      }
      return n ? median(values, n) : -1
    }
    function thousands(x,    s, r) {
      for (s = sprintf("%.0f", x); length(s) > 3; s = substr(s, 1, length(s) - 3)) r = "," substr(s, length(s) - 2) r
      return s r
    }
    function bytes(x) {
      return x < 1e3 ? sprintf("%.0f B", x) : x < 1e6 ? sprintf("%.1f kB", x / 1e3) : sprintf("%.1f MB", x / 1e6)
    }
    function joined(list, item) { return list == "" ? item : list " / " item }
    {
      for (i = 1; i <= NF; i++) {
        split($i, pair, "=")
        field[pair[1]] = pair[2]
      }
      run = field["run"]; peer = field["peer"]
      if (run > runs) runs = run
      if (peer == "peak") {
        of[run, "peak"] = field["gflops"]
        next
      }
      key = field["workload"] " " peer
      of[run, key] = field["tokens_per_second"]
      of[run, key " gflops"] = field["gflops"]
      of[run, key " bytes"] = field["bytes_per_step"]
      jdk[peer] = field["jdk"]
    }
    END {
      head = "| workload |"; rule = "|---|"
      for (j = 0; j < javas; j++) {
        head = head (j ? " " : " tokens/s, JDK ") (j ? "JDK " : "") jdk["ours" j] " |"; rule = rule "---|"
      }
      print head " PyTorch, one thread | ratio | PyTorch, its best | ratio | ours, " processors " threads | ratio | share of peak | allocation a step |"
      print rule "---|---|---|---|---|---|---|---|"
      n = split(workloads, order, " ")
      for (w = 1; w <= n; w++) {
        name = order[w]
        best = "1-1"; blas = "1-" processors; both = processors "-" processors
        if (typical(name " torch" blas) > typical(name " torch" best)) best = blas
        if (typical(name " torch" both) > typical(name " torch" best)) best = both
        one = typical(name " torch1-1")
        peer = typical(name " torch" best)
        line = "| " name " |"; single = ""; ratio = ""; share = ""; allocated = ""
        for (j = 0; j < javas; j++) {
          key = name " ours" j
          x = typical(key)
          line = line (x < 0 ? " failed |" : " " thousands(x) " |")
          x = typical(key, name " torch1-1")
          if (x >= 0) single = joined(single, sprintf("%.2f", x))
          x = typical(key, name " torch" best)
          if (x >= 0) ratio = joined(ratio, sprintf("%.2f", x))
          x = typical(key " gflops", "peak")
          if (x >= 0) share = joined(share, sprintf("%.0f %%", 100 * x))
          x = typical(key " bytes")
          if (x >= 0) allocated = joined(allocated, bytes(x))
        }
        none = name ~ /^decode/ ? "-" : torch ? "failed" : "not installed"
        line = line " " (one >= 0 ? thousands(one) : none) " | " single " | "
        line = line (peer >= 0 ? thousands(peer) " (" (best == "1-1" ? "one thread" : processors (best == blas ? " of its BLAS" : " threads")) ")" : none)
        all = typical(name " all"); more = typical(name " all", name " torch" best)
        line = line " | " ratio " | " (all >= 0 ? thousands(all) : name ~ /^decode/ || processors == 1 ? "-" : "failed") " | " (more >= 0 ? sprintf("%.2f", more) : "")
        print line " | " share " | " allocated " |"
      }
      x = typical("peak")
      print ""
      if (x >= 0) printf "Peak of one thread: %.0f GFLOP/s. ", x
      print "Medians of " runs (runs > 1 ? " runs (gpt124m of at most 3); " : " run; ") "ours on one thread, with the " processors " threads of the first JDK beside its best; PyTorch keeps its freed memory."
    }' "$results"
  echo "The chapter's C program, elsewhere: $chapter."
}

# In turn, each in a JVM of its own; the tasks of the cluster are those of two executors of one core.
measure_spark() {
  local run master who cluster=$out/cluster
  jar cf "$out/bench.jar" -C "$root/target/classes" io -C "$root/target/test-classes" io/microgpt/bench
  "$root/scripts/cluster.sh" start --workers 2 --memory 2g --dir "$cluster" >&2
  trap '"$root/scripts/cluster.sh" stop --dir "$out/cluster" >&2' EXIT
  for ((run = 1; run <= runs; run++)); do
    for master in 'local[2]' "$(<"$cluster/spark.url")"; do
      for who in count naive ours; do
        SPARK_LOCAL_IP=127.0.0.1 jvm "${javas[0]}" -Xmx4g io.microgpt.bench.SparkOverhead "$who" "$master" 2 "$out/bench.jar" 2>>"$log" |
          sed "s/^/run=$run /" | tee -a "$results" >&2
      done
    done
  done
}

spark_table() {
  awk '
    function median(values, n,    i, j, v) {
      for (i = 2; i <= n; i++) {
        v = values[i]
        for (j = i - 1; j > 0 && values[j] > v; j--) values[j + 1] = values[j]
        values[j + 1] = v
      }
      return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
    }
    function typical(key, over,    run, n, values) {
      for (run = 1; run <= runs; run++) {
        if ((run, key) in of && (over == "" || (run, over) in of)) values[++n] = of[run, key] / (over == "" ? 1 : of[run, over])
      }
      return n ? median(values, n) : -1
    }
    {
      for (i = 1; i <= NF; i++) {
        split($i, pair, "=")
        field[pair[1]] = pair[2]
      }
      if (field["run"] > runs) runs = field["run"]
      of[field["run"], field["who"] " " field["master"] " " field["parameters"]] = field["ms"]
      if (field["parameters"] > 0) sizes[field["parameters"]]
    }
    END {
      print "| master | parameters | bare count | naive | ours | ours / count | ours / naive |"
      print "|---|---|---|---|---|---|---|"
      split("local[2] standalone", masters, " ")
      split("4192 835840 9999872", order, " ")
      for (m = 1; m <= 2; m++) {
        for (s = 1; s <= 3; s++) {
          count = "count " masters[m] " 0"; naive = "naive " masters[m] " " order[s]; ours = "ours " masters[m] " " order[s]
          printf "| %s | %d | %.1f ms | %.1f ms | %.1f ms | %.2f | %.0f %% |\n", masters[m], order[s], typical(count), \
            typical(naive), typical(ours), typical(ours, count), 100 * typical(ours, naive)
        }
      }
      print ""
      print "Milliseconds a step beyond its arithmetic: medians of " runs " runs in turn, of warm steps in each; ratios are medians of the ratios of the runs."
    }' "$results"
}

time_kernels() {
  local one short=(-f 1 -wi 3 -i 3 -w 1 -r 1)
  [ -z "$quick" ] || short=(-f 1 -wi 2 -i 2 -w 300ms -r 300ms -p kernels=vector)
  for one in "${javas[@]}"; do
    jvm "$one" org.openjdk.jmh.Main KernelBenchmark "${short[@]}"
  done
}

options "$@"
build_benchmarks
machine | tee "$out/table.md"
if [ -n "$spark" ]; then
  measure_spark
  echo | tee -a "$out/table.md"
  spark_table | tee -a "$out/table.md"
  exit
fi
measure_all
echo | tee -a "$out/table.md"
table | tee -a "$out/table.md"
[ -z "$kernels" ] || time_kernels
