# Waits for the end of the measuring for POLL_S seconds. Then status=NUMBER (or "killed") and said=SENTENCE, or how long it has been silent.
export LC_ALL=C
cd "$FOLDER/sessions/$SESSION" || exit 1
said() {
    sed -n -e 's/^!* *_pytest\.outcomes\.Exit: \(.*[^! ]\)[! ]*$/\1/p' -e 's/^Exit: //p' -e 's/^autogauge: //p' -e '/^ERROR: usage/d' -e 's/^ERROR: //p' -e 's/^[a-z_. -]*: error: //p' output |
        head -c 2000 | tail -n 1
}
if flock --shared --timeout "$POLL_S" 9 9<alive; then
    echo "status=$(cat status 2>/dev/null || echo killed)"
    echo "said=$(said)"
    exit 0
fi
age=$(($(date +%s) - $(stat -c %Y output)))
echo "age_s=$age"
[ "$age" -le "$SILENCE_S" ] || echo "silent=$age"
echo "last=$(tail -c 600 output | tr -d '\r' | grep -v '^ *$' | tail -n 1)"
