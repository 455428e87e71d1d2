// Waits until a page looks finished: web fonts, and the pictures in view. Stops animations if that is wanted.
//
// This file is an extension: it is evaluated in a document's isolated world the first time it is needed.

({ own, frame, isOver }) => {
  async function settleAppearance({ millis, freeze }, call) {
    const end = performance.now() + millis;
    const late = new Promise((resolve) => setTimeout(resolve, millis, true));
    await Promise.race([fonts(), late]);
    while (!picturesInView().every(isShown) && performance.now() < end && !isOver(call)) await frame();
    if (freeze && !isOver(call)) finishAnimations();
    await Promise.race([frame(), late]);
    return true;
  }

  function fonts() {
    const set = own.get(document, 'fonts');
    return set ? own.get(set, 'ready') : null;
  }

  function picturesInView() {
    return [...own.querySelectorAll(document, 'img')].filter((image) => {
      const { left, top, right, bottom } = own.getBoundingClientRect(image);
      return right > 0 && bottom > 0 && left < innerWidth && top < innerHeight && right > left && bottom > top;
    });
  }

  function isShown(image) {
    return own.get(image, 'complete');
  }

  // Animations that end are shown at their end; those that repeat without end are shown at their start.
  function finishAnimations() {
    for (const animation of own.animations(document)) {
      try {
        animation.finish();
      } catch {
        animation.cancel();
      }
    }
  }

  return { settleAppearance };
};
