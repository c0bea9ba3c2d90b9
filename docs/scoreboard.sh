#!/usr/bin/env bash
# Prints docs/scoreboard.md: what `paramedic eval` says of every case that needs no cluster, failures included. Call it by "make scoreboard".
#   PARAMEDIC  the program
#   MODEL      an Ollama model that is to choose and tell as well, for some of the cases; empty: by the rules alone
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# board ARGUMENT…: a scoreboard in Markdown; that cases fail is no failure of this script
board() { "$PARAMEDIC" eval -o markdown "$@" diagnosis/eval/cases || [ $? -eq 1 ]; }
# summary: without the list of cases
summary() { sed '/^| row | case |/,$d'; }

cat <<'TEXT'
# Scoreboard

What `make scoreboard` printed: each case of `diagnosis/eval/cases` that needs no cluster. [evaluation.md](evaluation.md) says what is measured, [faults.md](faults.md) what was
found on a real cluster.

## Cases from public outage reports

Twenty cases, retold from outages that others wrote about, by somebody who had not seen the checks. [scoreboard-first.md](scoreboard-first.md) is their first score, before any check was
touched for them, and says more about what to expect of a situation that nobody here has thought of. This is what they score after general rules were mended for what they showed; a case
that does not pass says in its `misses` why.

TEXT
board --filter '^heldout/' | summary
cat <<'TEXT'
## All cases

Most of these were written beside the checks that answer them: they hold what is known, and promise nothing about the rest.

TEXT
all=$(board)
summary <<<"$all"
if [ -n "${MODEL:-}" ]; then
  printf '## With a model\n\n`make scoreboard MODEL=%s`: the model chooses among the causes and tells, for a few cases of `several`. What its answer lacks, the template tells.\n\n' "$MODEL"
  board --filter '^several/(before|one-root|orders|postmortem|silent-root|two-roots)' --model "$MODEL" | summary
fi
printf '## Every case\n\n'
sed -n '/^| row | case |/,$p' <<<"$all"
