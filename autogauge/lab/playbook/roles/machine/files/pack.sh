# Packs a session's output and those runs that are not at home yet. Prints the path of the pack.
# What is at home stands in at-home: PATH, a tab, bytes; a line without bytes is a run that was pruned there, its PATH without an ending.
export LC_ALL=C
case $FOLDER in "~/"*) FOLDER=$HOME/${FOLDER#??} ;; esac
place=$FOLDER/sessions/$SESSION
[ -e "$place/at-home" ] || { echo "nothing was measured in $place" >&2; exit 1; }
# The list comes before the files: what a run's saving adds meanwhile comes next time, as a whole.
cd "$FOLDER/reports" 2>/dev/null || { mkdir -p "$place/none" && cd "$place/none"; } || exit 1
find history -type f \( -name '[0-9]*.json' -o -name '[0-9]*.npz' -o -name '[0-9]*.standing' \) -printf '%P\t%s\n' 2>/dev/null |
    LIST=$place/at-home awk -F '\t' 'BEGIN { while ((getline line < ENVIRON["LIST"]) > 0) known[line] }
        { stem = $1; sub(/\.[a-z]+$/, "", stem) }
        !($0 in known) && !(stem in known) { print "history/" $1 }' >"$place/to-come"
tar -cf "$place/results.tar" --files-from="$place/to-come" || exit 1
mkdir -p "$place/sessions/$NAME" || exit 1
cd "$place" || exit 1
for each in output summary.json status; do
    # Of a long output the end is enough; half of anything else would be none.
    [ ! -e "$each" ] || { if [ "$each" = output ]; then tail -c 4000000 "$each"; else cat "$each"; fi >"sessions/$NAME/$each"; } || exit 1
done
tar -rf results.tar "sessions/$NAME" || exit 1
echo "$place/results.tar"
