#!/usr/bin/env bash
# Prints docs/scoreboard.md: what `paramedic eval` says of every case that needs no cluster, failures included; or, as "docs/scoreboard.sh readme", the
# README with the first contacts that it shows. Call it by "make scoreboard".
#   PARAMEDIC  the program
#   MODEL      an Ollama model that is to choose and tell as well, for some of the cases; empty: by the rules alone
#
# A set of cases of others is a folder SET of diagnosis/eval/cases and docs/first-contact/SET.json, which is what
#   paramedic eval --filter '^SET/' --save docs/first-contact/SET.json diagnosis/eval/cases
# wrote before anything was changed for them. Nothing else names the sets. Those of diagnosis/eval/contact are kept the same way, with their first
# contact in docs/first-contact/2026-11; they are judged here alone, and hold no test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cases=diagnosis/eval/cases
sets=$(basename -s .json -a docs/first-contact/*.json | paste -sd '|')

# board ARGUMENT…: a scoreboard in Markdown; that cases fail is no failure of this script
board() { "$PARAMEDIC" eval -o markdown "$@" "$cases" || [ $? -eq 1 ]; }
# section HEADING: what stands below a heading, up to the next one or to the list of cases
section() { awk -v h="## $1" '$0 == h {on = 1; next} /^## / || /^\| row \| case \|/ {on = 0} on' | sed '/./,$!d'; }
# measures: without the list of cases
measures() { sed '/^| row | case |/,$d'; }

# contact: the sets of diagnosis/eval/contact
contact() { { "$PARAMEDIC" eval -o markdown --first-contact docs/first-contact/2026-11 diagnosis/eval/contact || [ $? -eq 1 ]; } | section 'First contact'; }
# rows: a table without its head
rows() { sed '1,2d'; }

if [ "${1:-}" = readme ]; then
  table=$(board --filter "^($sets)/" --first-contact docs/first-contact | section 'First contact' | sed '/^$/d'; contact | rows | sed '/^$/d')
  awk -v table="$table" '/<!-- first contact/ {print; print "\n" table "\n"; on = 1} /<!-- end/ {on = 0} !on' README.md
  exit
fi

all=$(board --ablate --vary --first-contact docs/first-contact)
cat <<'TEXT'
# Scoreboard

What `make scoreboard` printed: each case of `diagnosis/eval/cases` that needs no cluster. [evaluation.md](evaluation.md) says what is measured, [faults.md](faults.md) what was
found on a real cluster.

## First contact

What was said of outages that others wrote about, by the rules alone, the first time that they were looked at, before any check was touched for them: what to expect of a situation that
nobody here has thought of. Below each stands what the same cases score now, after general rules were mended for what they showed; that promises nothing about the next.

TEXT
section 'First contact' <<<"$all" | sed '/^$/d'
contact | rows
cat <<'TEXT'
The sets named november were retold by others each time, who had not seen the checks; half of them ask early (within 90 s) or about what is latent. Of 26 newer reports, 8 of 21 were right at first contact, and “certain” was right in 3 of 10; their cases are not kept here. [scoreboard-first.md](scoreboard-first.md) has the first
score of `heldout` case by case.

## Ablations

For each case whose root is known, the codes that name it are taken away, and every rule that starts from them. What the rest then says is as of a fault that nobody has thought of: it may not know, but it
must not be sure of something else.

TEXT
section Ablations <<<"$all"
cat <<'TEXT'
## Variations

The same clusters as somebody sees them who may see less, later, or by another clock. The first cause must be the same wherever all that it rests on is still in sight; where it is not, it may be another, but not
certain and wrong, and nothing that is well may be blamed.

TEXT
section Variations <<<"$all"
cat <<'TEXT'
## Own cases

Most of these were written beside the checks that answer them: they hold what is known, and promise nothing about the rest.

TEXT
board --except "^($sets)/" | measures
cat <<'TEXT'
## All cases

TEXT
section 'All cases' <<<"$all"
if [ -n "${MODEL:-}" ]; then
  printf '## With a model\n\n`make scoreboard MODEL=%s`: the model chooses among the causes and tells, for a few cases of `several`. What its answer lacks, the template tells.\n\n' "$MODEL"
  board --filter '^several/(before|one-root|orders|postmortem|silent-root|two-roots)' --model "$MODEL" | measures
fi
printf '## Every case\n\n'
sed -n '/^| row | case |/,$p' <<<"$all"
