import type { Quorum, QuorumMember } from "./quorum";

/** "1/2 healthy (1 needed)" */
export function countText({ healthy, counting }: Pick<Quorum, "healthy" | "counting">, needed: number): string {
    return `${healthy}/${counting} healthy (${needed} needed)`;
}

/** The line of `msg.quorum`. */
export function quorumText({ group, standing, change, healthy, counting, needed, members }: Omit<Quorum, "text">): string {
    const count = countText({ healthy, counting }, needed);
    const list = memberTexts(members);
    if (change === "restored") return `${group}: quorum restored, re-armed: ${count}${list}`;
    const head = { lost: "quorum LOST: ", failing: "quorum failing: ", blind: "can't be judged, nothing is shut down on a loss of data alone: ", starting: "waiting for its members: ", held: "" }[standing];
    return `${group}: ${head}${count}${list}`;
}

const mostNamed = 8;

/** The members that are not plainly healthy, each with its cause. */
function memberTexts(members: readonly QuorumMember[]): string {
    const texts = members.filter(({ health, silentSince, counted }) => health !== "healthy" || silentSince !== undefined || counted === "awaited").map(memberText);
    if (texts.length === 0) return "";
    const more = texts.length > mostNamed ? ` and ${texts.length - mostNamed} more` : "";
    return `: ${texts.slice(0, mostNamed).join("; ")}${more}`;
}

function memberText({ name, role, health, counted, why }: QuorumMember): string {
    const known = counted === "awaited" ? "awaited" : health;
    const details = [why, ...(role === "advisory" ? ["advisory"] : [])].filter((text) => text !== "");
    return `${name} ${known}${details.length > 0 ? ` (${details.join("; ")})` : ""}`;
}
