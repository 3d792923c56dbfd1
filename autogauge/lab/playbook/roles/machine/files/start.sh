# Starts pytest with the words that follow, and comes back at once: what is measured goes on when a connection is lost.
# It reads a line in base64, which exports the environment (its values may be secrets), then those runs that need not come home again (pack.sh
# reads that list). The list has what was said of them at home, too, which counts here before anything is judged.
# In the session's folder: alive (locked as long as it runs), pid, output, at-home, before (made when it began), and at its end summary.json, status.
place=$FOLDER/sessions/$SESSION
mkdir -p "$place" && cd "$place" || exit 1
IFS= read -r exports
exports=$(echo "$exports" | base64 -d) && eval "$exports" || exit 1
exec 9>alive
flock --nonblock 9 || exit 0 # it runs already
mkdir begun 2>/dev/null || exit 0 # it has run: what is asked twice is done once
find ../ -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} +
# Copies of the project that nobody measured with for a week; each session touches the mark of its own.
touch -c "$PROJECT/.complete" 2>/dev/null
for each in "$FOLDER"/project-*; do
    mark=$each/.complete
    [ -e "$mark" ] || mark=$each
    case ${each##*/} in project-????????????) [ "$each" = "$PROJECT" ] || find "$mark" -maxdepth 0 -mtime +7 -exec rm -rf "$each" \; 2>/dev/null ;; esac
done
cat >at-home
: >before
: >output
TAB=$(printf '\t')
export FOLDER PROJECT PYTHON MACHINE LIMIT_S TAB place
cat >run <<'END'
echo $$ >"$place/pid"
cd "$PROJECT" || exit 1
if grep -q "\.standing$TAB" "$place/at-home"; then
    said=$(timeout --foreground --kill-after=10 300 \
        "$PYTHON" -m autogauge.lab.fleet.said_at_home "$place/at-home" "$FOLDER/reports/history" 2>&1 9>&-) ||
        said="NOTE  what was said of its runs at home (accept, reject) does not count here: $(echo "$said" | tail -n 1)"
    [ -z "$said" ] || echo "$said"
fi
trap : TERM
timeout --foreground --signal=TERM --kill-after=60 "$LIMIT_S" \
    "$PYTHON" -m pytest -m perf --machine="$MACHINE" --reports="$FOLDER/reports" "$@" 9>&-
status=$?
cd "$place" || exit 1
# Only the summary that this pytest says it wrote: another one's may have come while it waited for the lock, or ended with a mistake.
saved=$FOLDER/reports/latest/summary.json
[ "$saved" -nt before ] && grep -q '^summary: .*summary\.json' output && cp "$saved" summary.json
echo "$status" >status.new && mv status.new status
END
setsid sh run "$@" >>output 2>&1 </dev/null &
