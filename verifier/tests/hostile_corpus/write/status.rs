//! Revoked, or not known: classes 3 and 6, as a presentation meets them.

use serde_json::{Value, json};
use tessera_verifier::bundle::{BundleBuilder, StatusListEntry};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::status::{BitString, EntryBits, StatusArray, StatusType};

use super::{Corpus, Hostile, ldp_token, sd_jwt_token};
use crate::world::{DAY, INDEX, LIST, NOW, World};

pub(super) fn write(corpus: &Corpus) {
    let world = &corpus.world;
    let bundle = |builder: BundleBuilder, lists: Vec<StatusListEntry>| {
        let builder = builder.issuer(world.trusted());
        json!({"bundle": corpus.sealed(lists.into_iter().fold(builder, BundleBuilder::status_list))})
    };
    let old = || world.builder_of(NOW.add_seconds(-DAY), DAY);
    for twin in ["sd-jwt", "ldp"] {
        let put = |class, name: &str, about: &str, code, members: Value| {
            Hostile {
                class,
                kind: "presentation",
                twin,
            }
            .put(&format!("{name}-{twin}"), about, ("status", code), members);
        };
        put(
            3,
            "revoked",
            "The list says that the credential is revoked",
            "revoked",
            bundle(world.builder(), world.lists(&[INDEX]).into()),
        );
        let mut lenient = bundle(old(), world.lists(&[INDEX]).into());
        lenient["policy"] = json!({"stale_status": "undetermined"});
        put(
            3,
            "revoked-by-stale-bundle",
            "A stale bundle says revoked, and the policy lets an unknown status pass",
            "revoked",
            lenient,
        );
        put(
            6,
            "bundle-stale",
            "The bundle is at its end",
            "bundle_stale",
            bundle(old(), world.lists(&[]).into()),
        );
        let ended = world.lists_of(&BitString::new(0).unwrap(), NOW.add_seconds(-DAY), NOW);
        put(
            6,
            "list-stale",
            "The list is at its end",
            "status_undetermined",
            bundle(world.builder(), ended.into()),
        );
        put(
            6,
            "list-missing",
            "The list is not in the bundle",
            "status_undetermined",
            bundle(world.builder(), vec![]),
        );
    }
    let sd_jwt = Hostile {
        class: 6,
        kind: "presentation",
        twin: "sd-jwt",
    };
    for (name, about, status) in [
        (
            "index-beyond-list-sd-jwt",
            "The index is one beyond the list",
            json!({"status_list": {"idx": BitString::MIN_ENTRIES, "uri": format!("{LIST}.jwt")}}),
        ),
        (
            "index-negative",
            "The index is negative",
            json!({"status_list": {"idx": -1, "uri": format!("{LIST}.jwt")}}),
        ),
        (
            "list-of-the-other-encoding",
            "The list is named by the place of the other encoding",
            json!({"status_list": {"idx": INDEX, "uri": LIST}}),
        ),
        ("status-empty", "The status is an empty object", json!({})),
    ] {
        let mut visible = world.visible(Limited);
        visible.claims.insert("status".to_owned(), status);
        let shown = world.show(&world.issue_as(visible, &world.issuer), &corpus.request);
        sd_jwt.put(
            name,
            about,
            ("status", "status_undetermined"),
            sd_jwt_token(&shown),
        );
    }
    for (name, about, code, status) in [
        (
            "suspended",
            "A list of two bits says that the credential is suspended",
            "suspended",
            StatusType::Suspended,
        ),
        (
            "status-of-the-application",
            "A list of two bits says something that is the application's own, and the policy lets an unknown status pass",
            "status_undetermined",
            StatusType::ApplicationSpecific(3),
        ),
    ] {
        let mut statuses = StatusArray::new(BitString::MIN_ENTRIES, EntryBits::Two).unwrap();
        statuses.set(INDEX, status).unwrap();
        let list = corpus.token(&world.issuer, |payload| {
            payload["status_list"] = statuses.to_json();
        });
        let mut members = bundle(world.builder(), vec![list]);
        members["policy"] = json!({"stale_status": "undetermined"});
        Hostile { class: 3, ..sd_jwt }.put(name, about, ("status", code), members);
    }
    let mut visible = world.visible(Limited);
    visible.claims.remove("status");
    let shown = world.show(&world.issue_as(visible, &world.issuer), &corpus.request);
    sd_jwt.put(
        "status-missing",
        "No status is stated",
        ("status", "status_undetermined"),
        sd_jwt_token(&shown),
    );
    let ldp = Hostile {
        class: 6,
        kind: "presentation",
        twin: "ldp",
    };
    for (name, about, code, member, value) in [
        (
            "index-beyond-list-ldp",
            "The index is one beyond the list",
            "status_undetermined",
            "statusListIndex",
            BitString::MIN_ENTRIES.to_string(),
        ),
        (
            "index-with-zeros",
            "The index has leading zeros",
            "malformed",
            "statusListIndex",
            format!("0{INDEX}"),
        ),
        (
            "purpose-of-another-kind",
            "The status is for a purpose that the list is not for",
            "malformed",
            "statusPurpose",
            "specimen".to_owned(),
        ),
    ] {
        let mut document = world.ldp_document(Limited, &world.issuer.did());
        document["credentialStatus"][member] = json!(value);
        let base = World::secure_ldp(&document, &world.issuer);
        ldp.put(
            name,
            about,
            ("status", code),
            ldp_token(&world.show_ldp(&base, &corpus.request)),
        );
    }
}
