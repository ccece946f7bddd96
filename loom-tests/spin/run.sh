#!/usr/bin/env bash
# Does the protocol of the idle word keep its promises, and would the model notice a step left out?
#
#   loom-tests/spin/run.sh          every search; a line for each, then one that says what ran
#   loom-tests/spin/run.sh NAME     one mutant, and the steps that lead to its error
#
# Needs spin and a C compiler. Each search is complete: one that ends early, because of the depth,
# the memory or the time, is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly model=$PWD/idle.pml
readonly work=$PWD/../target/spin
readonly depth=500000 memory_mb=4000 seconds=120

# search DEFINES KIND OPTIMISE: builds, runs, and says `holds N` (states), `broken`, or what went
# wrong. The kinds: `rest`, what is asserted where nothing moves any more; `ends`, no run goes on
# for ever; `fair`, a formula, with weak fairness.
search() {
    local defines compile run out states
    read -ra defines <<<"$1"
    case $2 in
    rest) compile=(-DSAFETY) run=(-E) ;;
    ends) compile=(-DNP) run=(-E -l) ;;
    fair) compile=(-DNFAIR=8) run=(-a -f) ;;
    esac
    rm -rf "$work/search"
    mkdir -p "$work/search"
    cd "$work/search"
    spin -a "${defines[@]}" "$model" >spin.log
    cc "$3" -w "${compile[@]}" -DMEMLIM=$memory_mb -DVECTORSZ=512 -DNOBOUNDCHECK -o pan pan.c
    if ! out=$(timeout "$seconds" ./pan "${run[@]}" -m$depth); then
        echo "not done in $seconds s"
        return
    fi
    if grep -qE 'max search depth|out of memory|reached -DMEMLIM|not completed' <<<"$out" &&
        ! grep -qE 'errors: [1-9]' <<<"$out"; then
        echo "cut off"
    elif grep -qE 'errors: [1-9]' <<<"$out"; then
        echo "broken"
    elif grep -q 'errors: 0' <<<"$out"; then
        states=$(grep -oE '[0-9.e+]+ states, stored' <<<"$out" | cut -d' ' -f1)
        echo "holds $states"
    else
        echo "no answer"
    fi
}

# What must hold: a name, the kind of search, the scenario.
readonly promises="\
nothing waits for ever: a push|rest|-DW=3 -DPUSHES=1
nothing waits for ever: a push that spawns|rest|-DW=3 -DASLEEP -DPUSHES=1 -DSPAWNS=2
nothing waits for ever: a report that spawns|rest|-DW=3 -DASLEEP -DEVENTS=1 -DSPAWNS=2
nothing waits for ever: two reports|rest|-DW=3 -DASLEEP -DEVENTS=2
nothing waits for ever: a pinned job|rest|-DW=3 -DPINS=1
nothing waits for ever: four workers, a push|rest|-DW=4 -DASLEEP -DPUSHES=1
nothing waits for ever: four workers, a report|rest|-DW=4 -DASLEEP -DEVENTS=1
it comes to rest: a push|ends|-DW=3 -DASLEEP -DQUIET -DPUSHES=1
it comes to rest: a report that spawns|ends|-DW=3 -DASLEEP -DQUIET -DEVENTS=1 -DSPAWNS=1
nothing waits for a watch: two pushes|rest|-DW=3 -DASLEEP -DNO_WATCH -DPUSHES=2 -DSPAWNS=1
nothing waits for a watch: two threads push|rest|-DW=3 -DASLEEP -DNO_WATCH -DPUSHES=2 -DPUSHERS=2
nothing waits for a watch: four workers|rest|-DW=4 -DASLEEP -DNO_WATCH -DPUSHES=2
a busy worker relieves: a report that spawns|fair|-DW=3 -DBUSY -DEVENTS=1 -DSPAWNS=2
the end reaches everybody: a push|rest|-DW=3 -DASLEEP -DSTOP -DPUSHES=1
the end reaches everybody: a report that spawns|rest|-DW=3 -DASLEEP -DSTOP -DEVENTS=1 -DSPAWNS=1"

# What must be noticed: a step left out, the kind of search, a scenario in which it matters.
readonly mutants="\
LOOK|rest|-DW=2 -DNO_WATCH -DPUSHES=1
EARLY|rest|-DW=2 -DNO_WATCH -DPUSHES=2
LATE|rest|-DW=2 -DNO_WATCH -DPUSHES=2
LAST|rest|-DW=2 -DNO_WATCH -DPUSHES=2
TOKENLESS|rest|-DW=2 -DNO_WATCH -DPUSHES=2 -DEVENTS=1
PUSH|rest|-DW=2 -DNO_WATCH -DPUSHES=1
UNARMED|rest|-DW=3 -DPUSHES=1
SILENT|rest|-DW=3 -DASLEEP -DPUSHES=1
SLOT|rest|-DW=2 -DEVENTS=1 -DSPAWNS=1
QUEUE|rest|-DW=2 -DEVENTS=1 -DSPAWNS=2
INJECTOR|rest|-DW=2 -DEVENTS=1 -DPUSHES=1
DOZE|rest|-DW=2 -DEVENTS=1
WAKEFUL|rest|-DW=2
RELIEF|rest|-DW=2 -DPUSHES=1
LEAD|rest|-DW=2 -DEVENTS=2
MAINTENANCE|fair|-DW=2 -DBUSY -DEVENTS=1 -DSPAWNS=2
STOP|rest|-DW=2 -DSTOP"

if (($# > 0)); then
    row=$(grep "^$1|" <<<"$mutants")
    kind=${row#*|}
    [[ $(search "${row##*|} -DMUTANT -DMUTANT_$1" "${kind%%|*}" -O0) == broken ]]
    cd "$work/search"
    read -ra defines <<<"${row##*|}"
    spin -t -p -g "${defines[@]}" -DMUTANT "-DMUTANT_$1" -k idle.pml.trail "$model"
    exit
fi

failed=0 proved=0 caught=0 total=0
while IFS='|' read -r name kind scenario; do
    start=$SECONDS
    says=$(search "$scenario" "$kind" -O2)
    printf '%-62s %s, %d s\n' "$name" "$says" $((SECONDS - start))
    if [[ $says == holds* ]]; then
        proved=$((proved + 1)) total=$((total + ${says#holds }))
    else
        failed=1
    fi
done <<<"$promises"
while IFS='|' read -r name kind scenario; do
    says=$(search "$scenario -DMUTANT -DMUTANT_$name" "$kind" -O0)
    if [[ $says == broken ]]; then
        caught=$((caught + 1))
    else
        echo "not noticed: MUTANT_$name in $scenario: $says"
        failed=1
    fi
done <<<"$mutants"
((failed == 0))
echo "$proved searches hold, $total states, $caught mutants noticed"
