# offers.zsh FOLDER LINE...: what zsh offers at the end of each line with the completion functions of FOLDER, an item on each line of output, after
# what was offered for a line one with "=="
zmodload zsh/zpty
export OFFERED=$(mktemp) FUNCTIONS=$1
shift
zpty shell zsh -f -i
# Calls of compadd that only sort words, with -A, -D or -O, offer nothing.
zpty -w shell 'fpath=($FUNCTIONS $fpath); autoload -Uz compinit; compinit -u -D
compadd() {
  if [[ ${@[1,(i)--]} != *\ -[a-zA-Z]#[ADO]* ]]; then
    local -a offered
    builtin compadd -O offered "$@"
    print -rl -- $offered >>$OFFERED
  fi
  builtin compadd "$@"
}
offer() { zle complete-word; print -r -- "==" >>$OFFERED; zle kill-buffer; }
zle -N offer
bindkey "^I" offer
print -r -- "==" >>$OFFERED'

wait_for() {
  until [[ $(grep -c "^==$" $OFFERED) -ge $1 ]]; do
    zpty -rt shell output
    sleep 0.01
  done
}

count=1
wait_for $count
for line in "$@"; do
  zpty -wn shell "$line"$'\t'
  (( count++ ))
  wait_for $count
done
zpty -d shell
tail -n +2 $OFFERED
rm $OFFERED
