// Carries messages between the script that refuses consent dialogues and the server. The script runs in our isolated
// world, so that the page can neither read nor replace it. Both share the document.
//
// This file is an extension: it is evaluated in a document's isolated world when it is needed.

({ isOver }) => {
  const POLL = 50; // ms
  const TOLD = ['eval', 'cmpDetected', 'popupFound', 'optOutResult', 'autoconsentDone'];
  let told = [];
  let wake = null;

  // To be called before the script is evaluated.
  function beginConsent() {
    globalThis.autoconsentReceiveMessage = undefined; // an element with this id would stand for it
    globalThis.autoconsentSendMessage = async (message) => {
      if (!TOLD.includes(message.type)) return;
      told.push(message);
      wake?.();
    };
    return true;
  }

  // Answers a message of the script.
  function answerConsent(message) {
    globalThis.autoconsentReceiveMessage?.(message)?.catch(() => {});
    return true;
  }

  // Nothing more is told, and the script waits for answers that do not come.
  function endConsent() {
    globalThis.autoconsentSendMessage = async () => {};
    told = [];
    return true;
  }

  // The next messages of the script; none when the time is over.
  async function consentMessages(_, call) {
    while (told.length === 0 && !isOver(call)) {
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, POLL);
      });
    }
    const messages = told;
    told = [];
    return messages;
  }

  return { beginConsent, answerConsent, consentMessages, endConsent };
};
