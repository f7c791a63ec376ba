export type ContainerEngine = "docker" | "podman";

/**
 * How an engine is asked what runs. `podman ps` by itself leaves out a container that is being stopped (seen in 4.3), which
 * runs on for as long as it is given: so podman is asked for all of them, with their state.
 */
export const listWords: Readonly<Record<ContainerEngine, readonly string[]>> = {
    docker: ["docker", "ps", "--no-trunc", "--format", "{{.ID}}/{{.Names}}"],
    podman: ["podman", "ps", "-a", "--no-trunc", "--format", "{{.ID}}/{{.Names}}/{{.State}}"],
};
const quotedWords = (engine: ContainerEngine): string => listWords[engine].map((word) => `'${word}'`).join(" ");

/**
 * A part of scripts: `containers AS` puts a line "ID/NAMES" for each container that runs into $running; AS is what runs a
 * command as their owner, $engine the engine. Of podman's states ("Up 5 minutes ago", "Exited (0) 5 minutes ago", "running")
 * every one counts as running that is not known to be over. An engine itself kills what does not stop in time, and it takes
 * compose a moment to hand on the order.
 */
export const containersPart = `
late=4
containers() {
    case $engine in
        docker) ask "$patience" "$1" ${quotedWords("docker")};;
        podman) ask "$patience" "$1" ${quotedWords("podman")};;
    esac || return 1
    IFS=$nl; set -- $answer; unset IFS
    running=
    for line; do
        case \${line%%/*} in ""|*[!0-9a-f]*) why="$engine ps says: $line"; return 1;; esac
        if [ "$engine" = podman ]; then
            case \${line##*/} in [Ee]xited*|[Ss]topped*|[Cc]reated*|[Cc]onfigured*|[Ii]nitialized*) continue;; esac
            line=\${line%/*}
        fi
        running="$running$nl$line"
    done
}
`;
