/** One after another: what waits for WebCrypto must not be overtaken by what came later. */
export class InTurn {
  #last: Promise<void> = Promise.resolve();

  /** Does this when all before it is done, whether that went well or not. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
