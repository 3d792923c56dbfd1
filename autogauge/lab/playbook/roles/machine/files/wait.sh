# Where it was not started, tells why (NOT_STARTED). Else waits for the end of the measuring for POLL_S seconds. Then status=NUMBER (or
# "killed"), last=ITS LAST LINE and pack=PATH (the script PACK packs the results), or how long it has been silent.
export LC_ALL=C
[ -z "$NOT_STARTED" ] || { echo "$NOT_STARTED" >&2; exit 1; }
cd "$FOLDER/sessions/$SESSION" || exit 1
# The first look is a short one: who waits for the lock is to be seen soon.
[ -e looked ] || { touch looked 2>/dev/null; [ "$POLL_S" -le 5 ] || POLL_S=5; }
last() { tail -c 600 output | tr -d '\r' | grep -v '^ *$' | tail -n 1; }
if flock --shared --timeout "$POLL_S" 9 9<alive; then
    echo "status=$(cat status 2>/dev/null || echo killed)"
    echo "last=$(last)"
    packed=$(sh -c "$PACK") || exit 1
    echo "pack=$packed"
    exit 0
fi
age=$(($(date +%s) - $(stat -c %Y output)))
echo "age_s=$age"
[ "$age" -le "$SILENCE_S" ] || echo "silent=$age"
echo "last=$(last)"
