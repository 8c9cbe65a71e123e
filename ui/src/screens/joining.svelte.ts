import type { Failure } from "../bindings";
import { asFailure } from "../host";
import type { JoiningStep } from "../place";

/**
 * How far the person is before the code is used. It outlives the screens: a pairing that does not begin comes back
 * to where it was, with the reason.
 */
export class JoiningState {
  step = $state<JoiningStep>({ at: "welcome" });
  failure = $state<Failure | null>(null);
  busy = $state(false);

  constructor(step: JoiningStep) {
    this.step = step;
  }

  go(step: JoiningStep): void {
    this.failure = null;
    this.step = step;
  }

  async attempt(call: () => Promise<void>): Promise<void> {
    this.failure = null;
    this.busy = true;
    try {
      await call();
    } catch (thrown) {
      this.failure = asFailure(thrown);
    } finally {
      this.busy = false;
    }
  }
}
