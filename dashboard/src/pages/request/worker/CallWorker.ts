import type { CallWorkerMethods, Part, Summary } from "./protocol";

type Answer<M extends keyof CallWorkerMethods> = Promise<ReturnType<CallWorkerMethods[M]>>;

let made = 0;

/** The page's side of the worker that holds the bodies of one call. */
export class CallWorker {
  readonly key = ++made;
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private asked = 0;

  ask<M extends keyof CallWorkerMethods>(method: M, ...args: Parameters<CallWorkerMethods[M]>): Answer<M> {
    const worker = (this.worker ??= this.open());
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      worker.postMessage({ id, method, args }, args.filter((each): each is ArrayBuffer => each instanceof ArrayBuffer));
    });
  }

  /** Fetches the worker's code before there is anything to read. */
  start(): void {
    this.worker ??= this.open();
  }

  load(part: Part, body: ArrayBuffer, about: { size: number; whole: boolean; type: string }): Promise<Summary> {
    return this.ask("load", part, body, about);
  }

  close(): void {
    this.worker?.terminate();
    this.worker = null;
    this.fail("The page was left.");
  }

  private open(): Worker {
    const worker = new Worker(new URL("./call.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<{ id: number; result?: unknown; error?: string }>) => {
      const found = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error === undefined) found?.resolve(data.result);
      else found?.reject(new Error(data.error));
    };
    worker.onerror = () => this.fail("This body could not be read here. It can be downloaded.");
    return worker;
  }

  private fail(message: string): void {
    for (const each of this.waiting.values()) each.reject(new Error(message));
    this.waiting.clear();
  }
}
