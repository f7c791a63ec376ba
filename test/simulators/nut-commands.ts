/** What upsd 2.8.0 answers, measured on Debian's: the words of each reply, and the order in which it checks. */

export interface SimulatedUps {
    description: string;
    variables: Map<string, string>;
    driver: "up" | "hangs" | "gone";
    fsd: boolean;
}

export interface SimulatedUser {
    password: string;
    set?: boolean;
    monitor?: "primary" | "secondary";
}

/** One client's connection, as upsd sees it. */
export interface Session {
    user?: string;
    password?: string;
    login?: string;
    secure: boolean;
    address: string;
}

export interface Model {
    upses: Map<string, SimulatedUps>;
    users: Map<string, SimulatedUser>;
    sessions: Set<Session>;
    tls: boolean;
    /** Tells nothing to whom it does not know, as the servers of some firmwares (nut#3411 wants it of upsd). */
    discreet?: boolean;
}

/** The reply's lines, and what happens to the connection behind it. */
export interface Answer {
    lines: string[];
    then?: "hang-up" | "tls";
}

const line = (text: string): Answer => ({ lines: [text] });
const error = (code: string): Answer => line(`ERR ${code}`);
/** NUT's parseconf escapes these. */
export const quoted = (text: string): string => `"${text.replace(/[\\"#]/g, "\\$&")}"`;

/** The answer to the words of a request. */
export function answerTo(words: readonly string[], session: Session, model: Model): Answer {
    const [verb = "", ...rest] = words;
    if (model.discreet && ["GET", "LIST"].includes(verb.toUpperCase())) {
        const who = named(session) ?? (userOf(session, model) === undefined ? error("ACCESS-DENIED") : undefined);
        if (who !== undefined) return who;
    }
    return commands[verb.toUpperCase()]?.(rest, session, model) ?? error("UNKNOWN-COMMAND");
}

type Command = (words: readonly string[], session: Session, model: Model) => Answer;

const commands: Record<string, Command> = {
    VER: () => line("Network UPS Tools upsd 2.8.0 - http://www.networkupstools.org/"),
    NETVER: () => line("1.3"),
    PROTVER: () => line("1.3"),
    HELP: () => line("Commands: HELP VER GET LIST SET INSTCMD LOGIN LOGOUT USERNAME PASSWORD STARTTLS"),
    LOGOUT: () => ({ lines: ["OK Goodbye"], then: "hang-up" }),
    STARTTLS: (_words, session, { tls }) => (session.secure ? error("ALREADY-SSL-MODE") : tls ? { lines: ["OK STARTTLS"], then: "tls" } : error("FEATURE-NOT-CONFIGURED")),
    USERNAME: ([user], session) => keep(session, "user", user, "ALREADY-SET-USERNAME"),
    PASSWORD: ([password], session) => keep(session, "password", password, "ALREADY-SET-PASSWORD"),
    GET: ([what = "", ...rest], _session, model) => get(what.toUpperCase(), rest, model),
    LIST: ([what = "", ...rest], _session, model) => list(what.toUpperCase(), rest, model),
    SET: ([what = "", name = "", variable = "", value], session, model) => {
        const who = named(session);
        if (who !== undefined) return who;
        if (what.toUpperCase() === "TRACKING") return line("OK");
        if (what.toUpperCase() !== "VAR" || value === undefined) return error("INVALID-ARGUMENT");
        const ups = served(name, model);
        if ("lines" in ups) return ups;
        if (userOf(session, model)?.set !== true) return error("ACCESS-DENIED");
        if (!ups.variables.has(variable)) return error("VAR-NOT-SUPPORTED");
        if (value === "") ups.variables.delete(variable);
        else ups.variables.set(variable, value);
        return line("OK");
    },
    LOGIN: ([name], session, model) => {
        const who = named(session);
        if (who !== undefined) return who;
        if (session.login !== undefined) return error("ALREADY-LOGGED-IN");
        if (name === undefined) return error("INVALID-ARGUMENT");
        if (!model.upses.has(name)) return error("UNKNOWN-UPS");
        if (userOf(session, model)?.monitor === undefined) return error("ACCESS-DENIED");
        session.login = name;
        return line("OK");
    },
    PRIMARY: (words, session, model) => primary(words, session, model, "PRIMARY"),
    MASTER: (words, session, model) => primary(words, session, model, "MASTER"),
    FSD: ([name = ""], session, model) => {
        const who = named(session);
        if (who !== undefined) return who;
        const ups = model.upses.get(name);
        if (ups === undefined) return error("UNKNOWN-UPS");
        if (userOf(session, model)?.set !== true && userOf(session, model)?.monitor !== "primary") return error("ACCESS-DENIED");
        ups.fsd = true;
        return line("OK FSD-SET");
    },
};

function primary([name = ""]: readonly string[], session: Session, model: Model, word: string): Answer {
    const who = named(session);
    if (who !== undefined) return who;
    if (!model.upses.has(name)) return error("UNKNOWN-UPS");
    return userOf(session, model)?.monitor === "primary" ? line(`OK ${word}-GRANTED`) : error("ACCESS-DENIED");
}

/** upsd believes any name and password until something is done with them. */
function keep(session: Session, what: "user" | "password", text: string | undefined, already: string): Answer {
    if (text === undefined) return error("INVALID-ARGUMENT");
    if (session[what] !== undefined) return error(already);
    session[what] = text;
    return line("OK");
}

function named(session: Session): Answer | undefined {
    if (session.user === undefined) return error("USERNAME-REQUIRED");
    return session.password === undefined ? error("PASSWORD-REQUIRED") : undefined;
}

function userOf({ user = "", password }: Session, { users }: Model): SimulatedUser | undefined {
    const found = users.get(user);
    return found?.password === password ? found : undefined;
}

function served(name: string, { upses }: Model): SimulatedUps | Answer {
    const ups = upses.get(name);
    if (ups === undefined) return error("UNKNOWN-UPS");
    if (ups.driver === "gone") return error("DRIVER-NOT-CONNECTED");
    return ups.driver === "hangs" ? error("DATA-STALE") : ups;
}

function valuesOf({ variables, fsd }: SimulatedUps): [string, string][] {
    return [...variables].filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => [name, fsd && name === "ups.status" ? `FSD ${value}` : value]);
}

function get(what: string, [name = "", variable]: readonly string[], model: Model): Answer {
    const ups = model.upses.get(name);
    if (what === "UPSDESC") return ups === undefined ? error("UNKNOWN-UPS") : line(`UPSDESC ${name} ${quoted(ups.description)}`);
    if (what === "NUMLOGINS") return ups === undefined ? error("UNKNOWN-UPS") : line(`NUMLOGINS ${name} ${[...model.sessions].filter(({ login }) => login === name).length}`);
    if (what === "TRACKING") return line("OFF");
    if (what !== "VAR" || variable === undefined) return error("INVALID-ARGUMENT");
    const source = served(name, model);
    if ("lines" in source) return source;
    const value = valuesOf(source).find(([key]) => key === variable)?.[1];
    return value === undefined ? error("VAR-NOT-SUPPORTED") : line(`VAR ${name} ${variable} ${quoted(value)}`);
}

function list(what: string, [name, ...rest]: readonly string[], model: Model): Answer {
    const between = (title: string, lines: string[]): Answer => ({ lines: [`BEGIN LIST ${title}`, ...lines, `END LIST ${title}`] });
    if (what === "UPS") return between("UPS", [...model.upses].map(([key, { description }]) => `UPS ${key} ${quoted(description)}`));
    if (name === undefined) return error("INVALID-ARGUMENT");
    if (what === "CLIENT") {
        if (!model.upses.has(name)) return error("UNKNOWN-UPS");
        return between(`CLIENT ${name}`, [...model.sessions].filter(({ login }) => login === name).map(({ address }) => `CLIENT ${name} ${address}`));
    }
    if (!["VAR", "RW", "CMD", "ENUM", "RANGE"].includes(what)) return error("INVALID-ARGUMENT");
    const ups = served(name, model);
    if ("lines" in ups) return ups;
    if (what === "VAR" || what === "RW") return between(`${what} ${name}`, valuesOf(ups).map(([key, value]) => `${what} ${name} ${key} ${quoted(value)}`));
    return what === "CMD" ? between(`CMD ${name}`, [`CMD ${name} load.off`]) : between(`${what} ${name} ${rest[0] ?? ""}`, []);
}
