if [ "$(tty)" = /dev/tty1 ]; then
    /usr/local/bin/fbcp &
fi
