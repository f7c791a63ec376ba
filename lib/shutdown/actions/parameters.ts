import type { ActionParameters, Parameter, ParameterValue } from "../catalogue";

/** A parameter with what its values must look like, where its kind alone does not say it. */
export interface CheckedParameter extends Parameter {
    pattern?: RegExp;
    /** Least and most, for seconds. */
    least?: number;
    most?: number;
}

/** A name as virtual machines, containers and users have it: nothing that a shell, a pattern or an option could be. */
export const plainName = /^[A-Za-z0-9_][A-Za-z0-9_.:@+-]{0,254}$/;
/** An absolute path without blanks, "." and "..". */
export const plainPath = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.:@+-]+)+$/;
const program = /^(?:\/(?!\.{1,2}\/)[A-Za-z0-9_.+-]+)*\/?[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;
/** Programs that make a command out of their arguments: what they would run is nothing that was declared. */
const makers = ["sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "csh", "tcsh", "busybox", "env", "sudo", "doas", "su", "xargs", "nohup", "setsid", "timeout", "nice", "ssh"];

/** Everything that is wrong with an action's parameters. */
export function parameterProblems(verb: string, parameters: readonly CheckedParameter[], params: ActionParameters): string[] {
    return [...strangeParameters(verb, parameters, params), ...parameters.flatMap((parameter) => {
        const value = params[parameter.name];
        if (isAbsent(value)) return parameter.required ? [`${verb}: ${parameter.name} is missing`] : [];
        return valueProblems(parameter, value).map((problem) => `${verb}: ${parameter.name}: ${problem}`);
    })];
}

/** A misspelt parameter would be a silent default. */
export function strangeParameters(verb: string, parameters: readonly Parameter[], params: ActionParameters): string[] {
    const known = new Set(parameters.map(({ name }) => name));
    return Object.keys(params).filter((name) => !known.has(name)).map((name) => `${verb} has no parameter ${JSON.stringify(name)}`);
}

function isAbsent(value: ParameterValue | undefined): value is undefined {
    return value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

function valueProblems(parameter: CheckedParameter, value: ParameterValue): string[] {
    switch (parameter.kind) {
        case "name": return textProblems(value, parameter.pattern ?? plainName, "a name");
        case "path": return textProblems(value, parameter.pattern ?? plainPath, "an absolute path without blanks");
        case "names": return listProblems(value, parameter.pattern ?? plainName, "a name (of one with blanks, take the UUID)");
        case "paths": return listProblems(value, parameter.pattern ?? plainPath, "an absolute path without blanks");
        case "seconds": return numberProblems(value, parameter.least ?? 1, parameter.most ?? 3600, "s");
        case "minutes": return numberProblems(value, parameter.least ?? 0, parameter.most ?? 60, "minutes");
        case "flag": return typeof value === "boolean" ? [] : ["must be on or off"];
        case "choice": return parameter.choices?.includes(String(value)) ? [] : [`must be one of ${parameter.choices?.join(", ")}`];
        case "words": return wordsProblems(value);
    }
}

function textProblems(value: ParameterValue, pattern: RegExp, what: string): string[] {
    return typeof value === "string" && value.length <= 1000 && pattern.test(value) ? [] : [`${shown(value)} is not ${what}`];
}

/** A single text is no list: taken for one, it would be a list of letters. */
function listProblems(value: ParameterValue, pattern: RegExp, what: string): string[] {
    if (!Array.isArray(value)) return [`${shown(value)} is not a list`];
    return value.flatMap((each: ParameterValue) => textProblems(each, pattern, what));
}

function numberProblems(value: ParameterValue, least: number, most: number, unit: string): string[] {
    const number = typeof value === "string" && /^\d{1,6}$/.test(value) ? Number(value) : value;
    return typeof number === "number" && Number.isInteger(number) && number >= least && number <= most ? [] : [`must be a whole number from ${least} to ${most} ${unit}`];
}

function wordsProblems(value: ParameterValue): string[] {
    if (!Array.isArray(value)) return [`${shown(value)} is not a list of words`];
    const words = value as readonly ParameterValue[];
    const strange = words.find((word) => typeof word !== "string" || word === "" || word.length > 1000 || /[^\x20-\x7e]/.test(word));
    if (strange !== undefined) return [`${shown(strange)} cannot be a word of a command`];
    const [name = ""] = words as readonly string[];
    if (!program.test(name)) return [`${shown(name)} is not the name of a program`];
    return makers.includes(name.split("/").at(-1) ?? "") ? [`${name} would run something else: put that into a program on the host, and name it here`] : [];
}

function shown(value: ParameterValue): string {
    const text = JSON.stringify(value);
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Values of checked parameters. */
export const textOf = (params: ActionParameters, name: string, fallback = ""): string => (isAbsent(params[name]) ? fallback : String(params[name]));
export const numberOf = (params: ActionParameters, name: string, fallback: number): number => (isAbsent(params[name]) ? fallback : Number(params[name]));
export const listOf = (params: ActionParameters, name: string): readonly string[] => (Array.isArray(params[name]) ? params[name] : []);
