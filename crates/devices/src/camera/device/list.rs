//! Which cameras are plugged in.

use super::system::{self, Node};
use crate::DeviceError;
use units::DeviceKind;

/// A camera that is plugged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) node: Node,
    pub(super) name: String,
}

/// The names of all cameras.
pub(in crate::camera) fn names() -> Vec<String> {
    system::listed().into_iter().map(|camera| camera.name).collect()
}

/// Which cameras to try: the one of that name, else all in their order.
pub(super) fn find(present: Vec<Listed>, name: Option<&str>) -> Result<Vec<Node>, DeviceError> {
    let Some(name) = name else {
        // The list may be empty where the camera is not: opening it will tell.
        let nodes: Vec<_> = present.into_iter().map(|camera| camera.node).collect();
        return Ok(if nodes.is_empty() { vec![system::default_node()] } else { nodes });
    };
    if let Some(camera) = present.iter().find(|camera| camera.name == name) {
        return Ok(vec![camera.node.clone()]);
    }
    if present.is_empty() {
        return Err(DeviceError::NoDevice { kind: DeviceKind::Camera });
    }
    let names: Vec<_> = present.iter().map(|camera| camera.name.as_str()).collect();
    Err(DeviceError::NoSuchDevice { kind: DeviceKind::Camera, name: name.to_owned(), present: names.join(", ") })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn listed(number: u32, name: &str) -> Listed {
        Listed { node: node(number), name: name.to_owned() }
    }

    fn node(number: u32) -> Node {
        Node::from(format!("/dev/video{number}"))
    }

    #[test]
    fn a_camera_is_found_by_its_name_or_what_there_is_is_said() {
        let present = vec![listed(0, "Front"), listed(2, "Desk")];
        assert_eq!(find(present.clone(), Some("Desk")).expect("a camera"), [node(2)]);
        assert_eq!(find(present.clone(), None).expect("a camera"), [node(0), node(2)]);
        assert_eq!(find(Vec::new(), None).expect("a camera"), [node(0)]);
        assert_eq!(
            find(present, Some("Roof")).expect_err("no camera").to_string(),
            "there is no camera called \"Roof\"; there is: Front, Desk; choose one of these"
        );
        assert!(matches!(find(Vec::new(), Some("Roof")), Err(DeviceError::NoDevice { .. })));
    }
}
