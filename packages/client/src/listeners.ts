/** Typed listeners of the client: `Events` maps a name to what its listeners receive. */
export class Listeners<Events extends object> {
  readonly #byName: { [Name in keyof Events]?: Set<(value: Events[Name]) => void> } = {};

  /** Returns the function that takes the listener off again. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const listeners = this.#byName[name] ?? new Set<(value: Events[Name]) => void>();
    this.#byName[name] = listeners;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** A listener that throws stops neither the others nor the client; its error comes up as uncaught. */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of this.#byName[name] ?? []) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
