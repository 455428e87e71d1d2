//! Renders: what a page does for one request, from the settings to the result. Each step is a power of the page that
//! actions use as well.

mod animation;
mod image;
mod navigation;
mod pdf;
mod perform;
mod pixels;
mod reading;
mod settings;
