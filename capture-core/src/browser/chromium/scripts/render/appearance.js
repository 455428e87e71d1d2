// Waits until a page looks finished: web fonts, and the pictures in view. Stops animations if that is wanted.
//
// This file is an extension: it is evaluated in a document's isolated world the first time it is needed.

({ own, frame, roots, isOver }) => {
  async function settleAppearance({ millis, freeze }, call) {
    const end = performance.now() + millis;
    const late = new Promise((resolve) => setTimeout(resolve, millis, true));
    let changed = false;
    if (fontsAreMissing()) {
      changed = true;
      await Promise.race([own.get(own.get(document, 'fonts'), 'ready'), late]);
    }
    while (!picturesInView().every(isShown) && performance.now() < end && !isOver(call)) {
      changed = true;
      await frame();
    }
    if (freeze && !isOver(call)) {
      changed = true;
      finishAnimations();
    }
    if (changed) await Promise.race([frame(), late]); // until it is painted
    return true;
  }

  function fontsAreMissing() {
    const set = own.get(document, 'fonts');
    return Boolean(set) && own.get(set, 'status') !== 'loaded';
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
    for (const animation of roots().flatMap((place) => own.animations(place))) {
      try {
        animation.finish();
      } catch {
        animation.cancel();
      }
    }
  }

  return { settleAppearance };
};
