//! Which cameras are plugged in.

use nokhwa::utils::CameraIndex;

use crate::DeviceError;
use crate::error::DeviceKind;

/// A camera that is plugged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) index: CameraIndex,
    pub(super) name: String,
}

/// The names of all cameras.
pub(in crate::camera) fn names() -> Vec<String> {
    cameras().into_iter().map(|camera| camera.name).collect()
}

/// Which camera to open: the one of that name, else the first.
pub(super) fn find(present: &[Listed], name: Option<&str>) -> Result<CameraIndex, DeviceError> {
    let Some(name) = name else {
        // The list may be empty where the camera is not (a container without /sys): opening it will tell.
        return Ok(present.first().map_or(CameraIndex::Index(0), |camera| camera.index.clone()));
    };
    if let Some(camera) = present.iter().find(|camera| camera.name == name) {
        return Ok(camera.index.clone());
    }
    if present.is_empty() {
        return Err(DeviceError::NoDevice { kind: DeviceKind::Camera });
    }
    let names: Vec<_> = present.iter().map(|camera| camera.name.as_str()).collect();
    Err(DeviceError::NoSuchDevice { kind: DeviceKind::Camera, name: name.to_owned(), present: names.join(", ") })
}

/// All cameras, by the order in which they were plugged in.
///
/// Not by the library: its list panics on a node without a number and holds the metadata nodes of every camera too.
#[cfg(target_os = "linux")]
pub(super) fn cameras() -> Vec<Listed> {
    in_folder(std::path::Path::new("/sys/class/video4linux"))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn cameras() -> Vec<Listed> {
    let listed = nokhwa::query(nokhwa::utils::ApiBackend::Auto).unwrap_or_default();
    listed.into_iter().map(|info| Listed { index: info.index().clone(), name: info.human_name() }).collect()
}

/// Reads the kernel's list: `videoN/index` is 0 for the node that gives pictures (Linux, v4l2-dev.c), `videoN/name` is
/// what people call it.
#[cfg(target_os = "linux")]
fn in_folder(folder: &std::path::Path) -> Vec<Listed> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut numbered: Vec<(u32, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix("video")?.parse().ok()?;
            let read = |what| std::fs::read_to_string(entry.path().join(what)).ok();
            (read("index")?.trim() == "0").then_some(())?;
            Some((number, read("name")?.trim().to_owned()))
        })
        .collect();
    numbered.sort();
    numbered.into_iter().map(|(number, name)| Listed { index: CameraIndex::Index(number), name }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(number: u32, name: &str) -> Listed {
        Listed { index: CameraIndex::Index(number), name: name.to_owned() }
    }

    #[test]
    fn a_camera_is_found_by_its_name_or_what_there_is_is_said() {
        let present = [listed(0, "Front"), listed(2, "Desk")];
        assert_eq!(find(&present, Some("Desk")).expect("a camera"), CameraIndex::Index(2));
        assert_eq!(find(&present, None).expect("a camera"), CameraIndex::Index(0));
        assert_eq!(
            find(&present, Some("Roof")).expect_err("no camera").to_string(),
            "there is no camera called \"Roof\"; there is: Front, Desk; choose one of these"
        );
        assert!(matches!(find(&[], Some("Roof")), Err(DeviceError::NoDevice { .. })));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn metadata_nodes_and_nodes_without_a_number_are_no_cameras() {
        let folder = tempfile::tempdir().unwrap();
        for (node, index, name) in
            [("video10", "0", "Desk"), ("video2", "0", "Front"), ("video3", "1", "Front"), ("videoX", "0", "Odd")]
        {
            let node = folder.path().join(node);
            std::fs::create_dir(&node).unwrap();
            std::fs::write(node.join("index"), format!("{index}\n")).unwrap();
            std::fs::write(node.join("name"), format!("{name}\n")).unwrap();
        }
        std::fs::create_dir(folder.path().join("video7")).unwrap();
        assert_eq!(in_folder(folder.path()), [listed(2, "Front"), listed(10, "Desk")]);
        assert_eq!(in_folder(&folder.path().join("nothing")), []);
    }
}
