//! The views, one file each: read, draw, push what the person wants.

pub(crate) mod asked;
pub(crate) mod beginning;
pub(crate) mod colleagues;
pub(crate) mod crash;
pub(crate) mod day;
pub(crate) mod desk;
pub(crate) mod devices;
pub(crate) mod digits;
pub(crate) mod ended;
pub(crate) mod keys;
pub(crate) mod live;
pub(crate) mod lobby;
pub(crate) mod office;
pub(crate) mod own_account;
pub(crate) mod picture;
pub(crate) mod pictures;
pub(crate) mod privacy;
pub(crate) mod reviews;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod sheet;
pub(crate) mod sign_in;
pub(crate) mod start;
pub(crate) mod take_over;
pub(crate) mod waiting_panel;
pub(crate) mod waiting_room;
