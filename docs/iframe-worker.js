// Search where the site is opened from disk. Browsers start no worker there: its script runs in a frame that nobody sees.
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    #inside;
    #ready;

    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      frame.contentDocument.open();
      frame.contentDocument.close();
      const inside = frame.contentWindow;
      const loaded = (source) =>
        new Promise((done, failed) => {
          const script = frame.contentDocument.createElement("script");
          Object.assign(script, { src: source, onload: done, onerror: failed });
          frame.contentDocument.body.append(script);
        });
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inside.importScripts = async (...sources) => {
        for (const source of sources) await loaded(source);
      };
      this.#inside = inside;
      this.#ready = loaded(new URL(url, location.href).href);
    }

    postMessage(data) {
      this.#ready.then(() => this.#inside.dispatchEvent(new this.#inside.MessageEvent("message", { data })));
    }
  };
  window.Worker = window.IFrameWorker;
}
