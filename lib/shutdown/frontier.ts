import type { PlannedStep } from "./steps";

/** Which steps of a plan may begin: those whose needs are all over. */
export class Frontier {
    readonly #dependents = new Map<string, PlannedStep[]>();
    /** How many needs of a step are not over yet. */
    readonly #unmet = new Map<string, number>();
    readonly #open: Set<string>;

    /** @param isOver whether a step is over already, by its id */
    constructor(readonly steps: readonly PlannedStep[], isOver: (id: string) => boolean = () => false) {
        this.#open = new Set(steps.map(({ view }) => view.id).filter((id) => !isOver(id)));
        for (const step of steps) {
            this.#unmet.set(step.view.id, step.needs.filter((need) => this.#open.has(need)).length);
            for (const need of step.needs) this.#dependents.set(need, [...(this.#dependents.get(need) ?? []), step]);
        }
    }

    /** How many steps are not over. */
    get left(): number {
        return this.#open.size;
    }

    /** The steps that wait for nothing and are not over. */
    get free(): PlannedStep[] {
        return this.steps.filter(({ view }) => this.#open.has(view.id) && this.#unmet.get(view.id) === 0);
    }

    /** A step is over. @returns those that waited for it last */
    over({ view }: PlannedStep): PlannedStep[] {
        if (!this.#open.delete(view.id)) return [];
        return (this.#dependents.get(view.id) ?? []).filter((dependent) => {
            const unmet = (this.#unmet.get(dependent.view.id) ?? 1) - 1;
            this.#unmet.set(dependent.view.id, unmet);
            return unmet === 0;
        });
    }
}
