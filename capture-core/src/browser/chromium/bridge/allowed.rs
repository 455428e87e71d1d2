//! The commands that are forwarded unchanged: those of a page, its network, its storage and its input.
//!
//! They are listed by name and not by domain, so that commands of a newer browser are refused until they have been
//! reviewed. Commands that depend on their parameters are in `rules.rs`, and refused ones in `refused.rs`.

/// Domains and their allowed commands.
const ALLOWED: [(&str, &str); 50] = [
    (
        "Accessibility",
        "disable enable getAXNodeAndAncestors getChildAXNodes getFullAXTree getPartialAXTree getRootAXNode \
         queryAXTree",
    ),
    ("Ads", "getAdMetrics getAdScripts"),
    (
        "Animation",
        "disable enable getCurrentTime getPlaybackRate releaseAnimations resolveAnimation seekAnimations \
         setPaused setPlaybackRate setTiming",
    ),
    ("Audits", "checkFormsIssues disable enable getEncodedResponse"),
    ("Autofill", "disable enable setAddresses trigger"),
    ("BackgroundService", "clearEvents setRecording startObserving stopObserving"),
    (
        "BluetoothEmulation",
        "addCharacteristic addDescriptor addService disable enable removeCharacteristic removeDescriptor \
         removeService setSimulatedCentralState simulateAdvertisement simulateCharacteristicOperationResponse \
         simulateDescriptorOperationResponse simulateGATTDisconnection simulateGATTOperationResponse \
         simulatePreconnectedPeripheral",
    ),
    (
        "Browser",
        "addPrivacySandboxEnrollmentOverride cancelDownload getGlobalPrivacyControl getVersion getWindowBounds \
         getWindowForTarget resetPermissions setContentsSize setGlobalPrivacyControl setWindowBounds",
    ),
    (
        "CSS",
        "addRule collectClassNames createStyleSheet disable enable forcePositionTryOption forcePseudoState \
         forceStartingStyle getAnimatedStylesForNode getBackgroundColors getComputedStyleForNode \
         getEnvironmentVariables getInlineStylesForNode getLayersForNode getLocationForSelector \
         getLonghandProperties getMatchedStylesForNode getMediaQueries getPlatformFontsForNode getStyleSheetText \
         resolveValues setContainerQueryConditionText setContainerQueryText setEffectivePropertyValueForNode \
         setKeyframeKey setLocalFontsEnabled setMediaText setNavigationText setPropertyRulePropertyName \
         setRuleSelector setScopeText setStyleSheetText setStyleTexts setSupportsText startRuleUsageTracking \
         stopRuleUsageTracking takeComputedStyleUpdates takeCoverageDelta trackComputedStyleUpdates \
         trackComputedStyleUpdatesForNode",
    ),
    ("CacheStorage", "deleteCache deleteEntry requestCacheNames requestCachedResponse requestEntries"),
    ("Console", "clearMessages disable enable"),
    ("CrashReportContext", "getEntries"),
    (
        "DOM",
        "clearTextMarkers collectClassNamesFromSubtree copyTo describeNode disable discardSearchResults enable \
         focus forceShowInterest forceShowPopover getAnchorElement getAttributes getBoxModel getContainerForNode \
         getContentQuads getDetachedDomNodes getDocument getElementByRelation getFlattenedDocument getFrameOwner \
         getImplicitAnchorCandidates getNodeForLocation getNodeStackTraces getNodesForSubtreeByStyle getOuterHTML \
         getQueryingDescendantsForContainer getRelayoutBoundary getSearchResults getTopLayerElements \
         hideHighlight highlightNode highlightRect markUndoableState moveTo performSearch \
         pushNodeByPathToFrontend pushNodesByBackendIdsToFrontend querySelector querySelectorAll redo \
         removeAttribute removeNode requestChildNodes requestNode resolveNode scrollIntoViewIfNeeded \
         setAttributeValue setAttributesAsText setInspectedNode setNodeName setNodeStackTracesEnabled \
         setNodeValue setOuterHTML setTextMarker undo",
    ),
    (
        "DOMDebugger",
        "getEventListeners removeDOMBreakpoint removeEventListenerBreakpoint removeInstrumentationBreakpoint \
         removeXHRBreakpoint setBreakOnCSPViolation setDOMBreakpoint setEventListenerBreakpoint \
         setInstrumentationBreakpoint setXHRBreakpoint",
    ),
    ("DOMSnapshot", "captureSnapshot disable enable getSnapshot"),
    ("DOMStorage", "clear disable enable getDOMStorageItems removeDOMStorageItem setDOMStorageItem"),
    (
        "Debugger",
        "continueToLocation disable disassembleWasmModule enable evaluateOnCallFrame getPossibleBreakpoints \
         getScriptSource getStackTrace getWasmBytecode nextWasmDisassemblyChunk pause pauseOnAsyncCall \
         removeBreakpoint restartFrame resume searchInContent setAsyncCallStackDepth setBlackboxExecutionContexts \
         setBlackboxPatterns setBlackboxedRanges setBreakpoint setBreakpointByUrl setBreakpointOnFunctionCall \
         setBreakpointsActive setInstrumentationBreakpoint setPauseOnExceptions setReturnValue setScriptSource \
         setSkipAllPauses setVariableValue stepInto stepOut stepOver",
    ),
    ("DeviceAccess", "cancelPrompt disable enable"),
    ("DeviceOrientation", "clearDeviceOrientationOverride setDeviceOrientationOverride"),
    ("DigitalCredentials", "setVirtualWalletBehavior"),
    (
        "Emulation",
        "addScreen canEmulate clearDeviceMetricsOverride clearDevicePostureOverride clearDisplayFeaturesOverride \
         clearGeolocationOverride clearIdleOverride getOverriddenSensorInformation getScreenInfos removeScreen \
         resetPageScaleFactor setAutoDarkModeOverride setAutomationOverride setCPUPerformanceOverride \
         setCPUThrottlingRate setDataSaverOverride setDefaultBackgroundColorOverride setDeviceMetricsOverride \
         setDevicePostureOverride setDisabledImageTypes setDisplayFeaturesOverride setDocumentCookieDisabled \
         setEmitTouchEventsForMouse setEmulatedMedia setEmulatedOSTextScale setEmulatedVisionDeficiency \
         setFocusEmulationEnabled setGeolocationOverride setHardwareConcurrencyOverride setIdleOverride \
         setLocaleOverride setNavigatorOverrides setPageScaleFactor setPressureSourceOverrideEnabled \
         setPressureStateOverride setPrimaryScreen setSafeAreaInsetsOverride setScriptExecutionDisabled \
         setScrollbarsHidden setSensorOverrideEnabled setSensorOverrideReadings \
         setSmallViewportHeightDifferenceOverride setTimezoneOverride setTouchEmulationEnabled \
         setUserAgentOverride setVirtualKeyboardGeometryOverride setVirtualTimePolicy setVisibleSize updateScreen",
    ),
    ("EventBreakpoints", "disable removeInstrumentationBreakpoint setInstrumentationBreakpoint"),
    ("FedCm", "clickDialogButton disable dismissDialog enable openUrl resetCooldown selectAccount"),
    (
        "Fetch",
        "continueResponse continueWithAuth disable enable failRequest fulfillRequest getResponseBody \
         takeResponseBodyAsStream",
    ),
    ("FindInPage", "findFirst findNext findPrev stop"),
    (
        "HeapProfiler",
        "addInspectedHeapObject collectGarbage disable enable getHeapObjectId getObjectByHeapObjectId \
         getSamplingProfile startSampling startTrackingHeapObjects stopSampling stopTrackingHeapObjects \
         takeHeapSnapshot",
    ),
    ("IO", "close"),
    (
        "IndexedDB",
        "clearObjectStore deleteDatabase deleteObjectStoreEntries disable enable getMetadata requestData \
         requestDatabase requestDatabaseNames",
    ),
    (
        "Input",
        "cancelDragging dispatchKeyEvent dispatchMouseEvent dispatchTouchEvent emulateTouchFromMouseEvent \
         imeSetComposition insertText setIgnoreInputEvents setInterceptDrags synthesizePinchGesture \
         synthesizeScrollGesture synthesizeTapGesture",
    ),
    ("Inspector", "disable enable"),
    (
        "LayerTree",
        "compositingReasons disable enable makeSnapshot profileSnapshot releaseSnapshot replaySnapshot \
         snapshotCommandLog",
    ),
    ("Log", "clear disable enable startViolationsReport stopViolationsReport"),
    ("Media", "disable enable"),
    (
        "Network",
        "canClearBrowserCache canClearBrowserCookies canEmulateNetworkConditions clearBrowserCache \
         clearBrowserCookies configureDurableMessages deleteCookies deleteDeviceBoundSession disable \
         emulateNetworkConditions emulateNetworkConditionsByRule enable enableDeviceBoundSessions \
         enableReportingApi fetchSchemefulSite getAllCookies getCertificate getCookies getRequestPostData \
         getResponseBody getSecurityIsolationStatus overrideNetworkState replayXHR searchInResponseBody \
         setAttachDebugStack setBlockedURLs setBypassServiceWorker setCacheDisabled setCookie setCookieControls \
         setCookies setExtraHTTPHeaders setUserAgentOverride streamResourceContent",
    ),
    (
        "Overlay",
        "disable enable getGridHighlightObjectsForTest getHighlightObjectForTest \
         getSourceOrderHighlightObjectForTest hideHighlight highlightFrame highlightNode highlightQuad \
         highlightRect highlightSourceOrder setInspectMode setPausedInDebuggerMessage setShowAdHighlights \
         setShowContainerQueryOverlays setShowDebugBorders setShowDisplayCutout setShowFPSCounter \
         setShowFlexOverlays setShowGridOverlays setShowHinge setShowHitTestBorders setShowInspectedElementAnchor \
         setShowIsolatedElements setShowLayoutShiftRegions setShowPaintRects setShowScrollBottleneckRects \
         setShowScrollSnapOverlays setShowViewportSizeOnResize setShowWebVitals setShowWindowControlsOverlay",
    ),
    (
        "Page",
        "addScriptToEvaluateOnLoad addScriptToEvaluateOnNewDocument bringToFront captureScreenshot \
         captureSnapshot clearDeviceMetricsOverride clearDeviceOrientationOverride clearGeolocationOverride \
         createIsolatedWorld deleteCookie generateTestReport getAdScriptAncestry getAnnotatedPageContent getAppId \
         getAppManifest getFrameTree getInstallabilityErrors getLayoutMetrics getManifestIcons \
         getNavigationHistory getOriginTrials getPermissionsPolicyState getResourceContent getResourceTree \
         getSiblingSubApps getSubApps handleJavaScriptDialog navigateToHistoryEntry printToPDF reload \
         removeScriptToEvaluateOnLoad removeScriptToEvaluateOnNewDocument resetNavigationHistory \
         screencastFrameAck searchInResource setAdBlockingEnabled setBypassCSP setDeviceMetricsOverride \
         setDeviceOrientationOverride setDocumentContent setFontFamilies setFontSizes setGeolocationOverride \
         setInputVisualization setInterceptFileChooserDialog setLifecycleEventsEnabled setPrerenderingAllowed \
         setRPHRegistrationMode setSPCTransactionMode setTouchEmulationEnabled setWebLifecycleState \
         startScreencast stopLoading stopScreenRecording stopScreencast waitForDebugger",
    ),
    ("Performance", "disable enable getMetrics setTimeDomain"),
    ("PerformanceTimeline", "enable"),
    ("Preload", "disable enable"),
    (
        "Profiler",
        "disable enable getBestEffortCoverage setSamplingInterval start startPreciseCoverage stop \
         stopPreciseCoverage takePreciseCoverage",
    ),
    (
        "Runtime",
        "addBinding awaitPromise callFunctionOn compileScript disable discardConsoleEntries enable evaluate \
         getExceptionDetails getHeapUsage getIsolateId getProperties globalLexicalScopeNames queryObjects \
         releaseObject releaseObjectGroup removeBinding runIfWaitingForDebugger runScript setAsyncCallStackDepth \
         setCustomObjectFormatterEnabled setMaxCallStackSizeToCapture terminateExecution",
    ),
    ("Schema", "getDomains"),
    ("Security", "disable enable handleCertificateError setIgnoreCertificateErrors setOverrideCertificateErrors"),
    (
        "ServiceWorker",
        "deliverPushMessage disable dispatchPeriodicSyncEvent dispatchSyncEvent enable setForceUpdateOnPageLoad \
         skipWaiting startWorker stopAllWorkers stopWorker unregister updateRegistration",
    ),
    (
        "Storage",
        "clearCookies clearDataForOrigin clearDataForStorageKey clearPrivateVerificationTokens clearTrustTokens \
         deletePrivateVerificationToken deleteStorageBucket getCookies getPrivateVerificationTokens \
         getPrivateVerificationTokensIssuerConfigs getStorageKey getStorageKeyForFrame getTrustTokens \
         getUsageAndQuota runBounceTrackingMitigations setCookies setPrivateVerificationTokensTracking \
         setStorageBucketTracking trackCacheStorageForOrigin trackCacheStorageForStorageKey \
         trackIndexedDBForOrigin trackIndexedDBForStorageKey untrackCacheStorageForOrigin \
         untrackCacheStorageForStorageKey untrackIndexedDBForOrigin untrackIndexedDBForStorageKey",
    ),
    ("Target", "activateTarget autoAttachRelated getBrowserContexts getTargetInfo getTargets setDiscoverTargets"),
    ("Tracing", "end getCategories getTrackEventDescriptor recordClockSyncMarker"),
    ("WebAudio", "disable enable getRealtimeData"),
    (
        "WebAuthn",
        "addCredential addVirtualAuthenticator clearCredentials disable enable getCredential getCredentials \
         removeCredential removeVirtualAuthenticator setAutomaticPresenceSimulation setCredentialProperties \
         setResponseOverrideBits setUserVerified",
    ),
    ("WebMCP", "cancelInvocation disable enable invokeTool"),
];

/// Whether a command is forwarded whatever its parameters are.
pub(super) fn is_allowed(method: &str) -> bool {
    let Some((domain, command)) = method.split_once('.') else { return false };
    let commands = ALLOWED.iter().find(|(known, _)| *known == domain).map_or("", |(_, commands)| commands);
    !command.is_empty() && commands.split(' ').any(|known| known == command)
}
