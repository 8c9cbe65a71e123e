import type { Failure } from "./bindings";
import { asFailure } from "./host";

/** Something that a person asks for: whether it is under way, and why it failed. */
export class Attempt {
  busy = $state(false);
  failure = $state<Failure | null>(null);

  /** Tells whether it worked. */
  async run(call: () => Promise<void>): Promise<boolean> {
    this.failure = null;
    this.busy = true;
    try {
      await call();
    } catch (thrown) {
      this.failure = asFailure(thrown);
    } finally {
      this.busy = false;
    }
    return this.failure === null;
  }
}
