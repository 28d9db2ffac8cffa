//! Wires devices, media, peer and signalling around the engine.
