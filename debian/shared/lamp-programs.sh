# Recognizing the lamp's programs in what people have written by hand: by what is run, whatever the file is called.

# lamp_program(COMMAND, FOLDER), for awk: which program of the lamp a shell command runs in a folder, or "". It looks only
# where the name of a command can stand, so that a backup of lamp_service.py is not taken for lamp_service.
# ("function" has two blanks here and elsewhere, because with one it is bash's to lintian.)
LAMP_PROGRAM='
function  lamp_program(command, folder,    parts, words, count, n, i, j, word, base, wrapper, name) {
    gsub(/["\047`(){}]/, " ", command)
    count = split(command, parts, /[;&|]+/)
    for (i = 1; i <= count; i++) {
        n = split(parts[i], words, " ")
        wrapper = ""
        for (j = 1; j <= n; j++) {
            word = words[j]
            base = word
            sub(/.*\//, "", base)
            if (word == "cd") {
                folder = words[j + 1]
                break
            }
            name = named(base, word " " folder)
            if (name != "")
                return name
            if (word ~ /^-/) {
                if (wrapper == "sudo" && word ~ /^-[ug]$/)
                    j++
            } else if (base ~ /^(sudo|su|runuser|nohup|exec|env|nice|ionice|setsid|time|timeout|command|sh|bash|dash|python[0-9.]*|if|then|do|else|while|until|!)$/)
                wrapper = base
            else if (word !~ /^[A-Za-z_]+[A-Za-z_0-9]*=/ && word !~ /^[0-9.]+[smhd]?$/ && wrapper !~ /^(su|runuser)$/)
                break
        }
    }
    return ""
}
function  named(base, place) {
    if (base == "fbcp" || base == "pigpiod")
        return base
    if (base ~ /^lampi?_?service(\.py)?$/)
        return "lamp_service"
    if (base ~ /^lampi?_?(ui|app)(\.py)?$/ || base == "main.py" && place ~ /[Ll]amp/)
        return "lamp_ui"
    return ""
}'
