# Ends the measuring of a session: asks it to, and kills it after ten seconds. What it measured until then is in reports/latest, and is packed (by the script PACK).
case $FOLDER in "~/"*) FOLDER=$HOME/${FOLDER#??} ;; esac
cd "$FOLDER/sessions/$SESSION" 2>/dev/null || { echo "never started"; exit 0; }
packed() {
    path=$(sh -c "$PACK") || exit 1
    echo "pack=$path"
}
flock --shared --nonblock 9 9<alive && { echo "over"; packed; exit 0; }
group=$(cat pid) || exit 1
kill -TERM "-$group"
kill -CONT "-$group"
if ! flock --shared --timeout 10 9 9<alive; then
    kill -KILL "-$group"
    flock --shared --timeout 10 9 9<alive || { echo "it cannot be ended"; exit 1; }
fi
echo "ended"
packed
