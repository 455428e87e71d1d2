//! Pictures, PDFs and animations.

use serde_json::json;

use super::{Stage, header};

/// Width and height of a picture, from its header.
fn size(bytes: &[u8]) -> (u32, u32) {
    let big = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{:?}", &bytes[..bytes.len().min(8)]);
    (big(16), big(20))
}

/// The colour of a pixel of a PNG with red, green, blue and maybe alpha.
fn pixel(bytes: &[u8], x: usize, y: usize) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let wide = info.color_type.samples();
    let at = (y * info.width as usize + x) * wide;
    pixels[at..at + wide].to_vec()
}

#[tokio::test]
async fn every_parameter_of_a_picture_changes_it() {
    let stage = Stage::start().await;
    for (parameters, expected) in [
        (json!({}), (1440, 900)),
        (json!({"vw": 800, "vh": 600}), (800, 600)),
        (json!({"vw": 400, "vh": 300, "scaleFactor": 2}), (800, 600)),
        (json!({"emulateDevice": "iphone_15_pro"}), (393 * 3, 659 * 3)),
        (json!({"emulateDevice": "no_such_device"}), (1440, 900)),
        (json!({"full": true}), (1440, 3000)),
        (json!({"fullPage": true, "vw": 500}), (500, 3000)),
        (json!({"selector": "#box"}), (120, 80)),
        (json!({"selectorId": "box"}), (120, 80)),
        (json!({"top": 10, "left": 20, "width": 300, "height": 200}), (300, 200)),
        (json!({"left": 1400}), (40, 900)),
        (json!({"resizeWidth": 144, "resizeHeight": 90}), (144, 90)),
        (json!({"full": true, "resizeWidth": 48, "resizeHeight": 100, "type": "png"}), (48, 100)),
    ] {
        let reply = stage.render("image", "/tall.html", &parameters).await.expect(200);
        assert_eq!(header(&reply, "content-type"), "image/png");
        assert_eq!(size(&reply.bytes), expected, "{parameters}");
    }
    for (parameters, media, magic) in [
        (json!({"type": "jpeg", "quality": 40}), "image/jpeg", &[0xff, 0xd8, 0xff][..]),
        (json!({"format": "webp"}), "image/webp", b"RIFF"),
        (json!({"type": "jpg", "resizeWidth": 10, "resizeHeight": 10}), "image/jpeg", &[0xff, 0xd8, 0xff]),
        (json!({"type": "webp", "resizeWidth": 10, "resizeHeight": 10}), "image/webp", b"RIFF"),
    ] {
        let reply = stage.render("image", "/tall.html", &parameters).await.expect(200);
        assert_eq!(header(&reply, "content-type"), media, "{parameters}");
        assert!(reply.bytes.starts_with(magic), "{parameters}");
    }
    stage.server.stop().await;
}

#[tokio::test]
async fn the_page_is_told_what_was_asked_for() {
    let stage = Stage::start().await;
    let page = "<style>html{background:rgb(255,255,255)} @media (prefers-color-scheme: dark){html{background:rgb(0,0,0)}} \
                @media (prefers-reduced-motion: reduce){body{background:rgb(0,0,255)}}</style><body style='margin:0'></body>";
    let render = async |more: serde_json::Value| {
        let mut body = json!({"html": page, "vw": 20, "vh": 20});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let reply = stage.ann.post("/v1/render/image", &body).await.expect(200);
        pixel(&reply.bytes, 10, 10)
    };
    assert_eq!(render(json!({})).await[..3], [255, 255, 255]);
    assert_eq!(render(json!({"darkMode": true})).await[..3], [0, 0, 0]);
    assert_eq!(render(json!({"reducedMotion": true})).await[..3], [0, 0, 255]);
    let body = json!({"html": "<body></body>", "vw": 20, "vh": 20, "transparent": true});
    let reply = stage.ann.post("/v1/render/image", &body).await.expect(200);
    assert_eq!(pixel(&reply.bytes, 10, 10), [0, 0, 0, 0]);
    let agent = stage.render("content", "/agent", &json!({"userAgent": "Curious/1.0"})).await.expect(200);
    assert!(agent.text("textContent").contains("Curious/1.0"), "{}", agent.body);
    stage.server.stop().await;
}

#[tokio::test]
async fn a_picture_waits_for_elements_and_for_time() {
    let stage = Stage::start().await;
    let page = "<body style='margin:0;background:rgb(255,0,0)'><script>setTimeout(() => {\
                document.body.style.background = 'rgb(0,128,0)'; document.body.insertAdjacentHTML('beforeend', '<p id=late>x')\
                }, 700)</script></body>";
    for waits in [json!({"waitFor": "#late"}), json!({"waitForId": "late"}), json!({"delay": 1.2})] {
        let mut body = json!({"html": page, "vw": 20, "vh": 20});
        body.as_object_mut().unwrap().extend(waits.as_object().unwrap().clone());
        let reply = stage.ann.post("/v1/render/image", &body).await.expect(200);
        assert_eq!(pixel(&reply.bytes, 19, 0)[..3], [0, 128, 0], "{waits}");
    }
    stage.server.stop().await;
}

#[tokio::test]
async fn a_pdf_has_the_size_that_was_asked_for() {
    let stage = Stage::start().await;
    for (parameters, media_box) in [
        (json!({}), "[0 0 595"),
        (json!({"format": "letter"}), "[0 0 612 792]"),
        (json!({"format": "Letter", "landscape": true}), "[0 0 792 612]"),
        (json!({"width": "10in", "height": "254mm"}), "[0 0 720 720]"),
    ] {
        let reply = stage.render("pdf", "/tall.html", &parameters).await.expect(200);
        assert_eq!(header(&reply, "content-type"), "application/pdf");
        let text = String::from_utf8_lossy(&reply.bytes);
        assert!(text.starts_with("%PDF-") && text.contains(&format!("/MediaBox {media_box}")), "{parameters}");
    }
    let refused =
        stage.render("pdf", "/tall.html", &json!({"format": "A9"})).await.expect_error(400, "invalid_request");
    assert!(refused.text("error").contains("Letter, Legal"), "{}", refused.body);
    stage.server.stop().await;
}

#[tokio::test]
async fn an_animation_shows_what_moves() {
    let stage = Stage::start().await;
    let page = "<body style='margin:0'><div id=a style='width:20px;height:20px;background:red'></div><script>\
                let at = 0; setInterval(() => { at = (at + 5) % 80; a.style.marginLeft = at + 'px' }, 100)</script></body>";
    let body = json!({"html": page, "vw": 120, "vh": 60, "duration": 1});
    let reply = stage.ann.post("/v1/render/animated", &body).await.expect(200);
    assert_eq!(header(&reply, "content-type"), "image/gif");
    assert!(reply.bytes.starts_with(b"GIF89a"));
    assert_eq!(reply.bytes[6..10], [120, 0, 60, 0]);
    let frames = reply.bytes.windows(3).filter(|bytes| *bytes == [0x21, 0xf9, 0x04]).count();
    assert!(frames >= 3, "{frames} frames");
    stage.server.stop().await;
}
