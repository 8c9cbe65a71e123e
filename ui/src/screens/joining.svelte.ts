import { Attempt } from "../attempt.svelte";
import type { JoiningStep } from "../place";

/**
 * How far the person is before the code is used. It outlives the screens: a pairing that does not begin comes back
 * to where it was, with the reason.
 */
export class JoiningState extends Attempt {
  step = $state<JoiningStep>({ at: "welcome" });

  constructor(step: JoiningStep) {
    super();
    this.step = step;
  }

  go(step: JoiningStep): void {
    this.failure = null;
    this.step = step;
  }
}
