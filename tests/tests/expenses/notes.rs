//! Notes that must be right, over the API, and what is said where nothing is sure enough.

use acceptance::category::UNCATEGORIZED;
use acceptance::{json, spawn};

/// Notes, the category that they must get, and what stands for the reason.
const RIGHT: [(&str, &str, &str); 30] = [
    ("lunch with Ana", "Food", "lunch"),
    ("Bus ride to airport", "Travel", "bus ride"),
    ("Gym membership renewal", "Fitness", "gym membership"),
    ("UBER *TRIP 8005928996", "Travel", "uber trip"),
    ("Netflix march", "Entertainment", "netflix"),
    ("busy day groceries", "Grocery", "grocery"),
    ("current bill", "Utilities", "current bill"),
    ("gift for parents", "Gifts", "gift for"),
    ("training shoes", "Shopping", "training shoes"),
    ("business cards", "Shopping", "business card"),
    ("business lunch", "Food", "business lunch"),
    ("car rental", "Travel", "car rental"),
    ("dog food", "Family", "dog food"),
    ("Whole Foods", "Grocery", "whole foods"),
    ("insufficient funds fee", "Finance", "insufficient funds"),
    ("uber eats", "Food", "uber eats"),
    ("costco gas", "Vehicle", "costco gas"),
    ("gas bill", "Utilities", "gas bill"),
    ("house rent", "Rent", "house rent"),
    ("rent a car in Goa", "Travel", "rent a car"),
    ("milk", "Grocery", "milk"),
    ("petrol", "Vehicle", "petrol"),
    ("masala dosa", "Food", "masala dosa"),
    ("home loan EMI", "Finance", "home loan emi"),
    ("LIC premium", "Insurance", "lic premium"),
    ("SIP in mutual funds", "Savings", "mutual fund"),
    ("haircut", "Personal Care", "haircut"),
    ("school fees for June", "Education", "school fee"),
    ("plumber", "Household", "plumber"),
    ("doctor's fee", "Health", "doctor fee"),
];

#[tokio::test]
async fn notes_that_must_be_right_are() {
    let app = spawn().await;
    let user = app.user().await;
    let version = user.categorize(&json!({"notes": "lunch"})).await.expect(200)["model"].clone();
    assert!(version.is_u64(), "{version}");
    for (notes, category, matched) in RIGHT {
        let guess = user.categorize(&json!({"notes": notes})).await.expect(200);
        let confidence: f64 = guess["confidence"].to_string().parse().unwrap();
        assert!((0.4..=1.0).contains(&confidence), "{notes}: {guess:?}");
        assert_eq!(
            guess.json,
            json!({"category": guess["category"], "source": "model", "matched": matched,
                   "confidence": guess["confidence"], "suggested": confidence < 0.6, "model": version,
                   "suggestions": []}),
            "{notes}"
        );
        assert_eq!(guess["category"]["name"], category, "{notes}");
        // The same with the case changed.
        let shouted = user.categorize(&json!({"notes": notes.to_uppercase()})).await.expect(200);
        assert_eq!(shouted["category"], guess["category"], "{notes}");
    }
}

#[tokio::test]
async fn what_is_kept_with_an_expense_is_what_was_answered() {
    let app = spawn().await;
    let user = app.user().await;
    let mut ids = Vec::new();
    for (notes, _, _) in RIGHT.iter().take(5) {
        let guess = user.categorize(&json!({"notes": notes})).await.expect(200);
        let created = user.create_expense(&json!({"amount": "1", "notes": notes})).await.expect(201);
        for member in ["source", "matched", "confidence", "suggested", "model"] {
            assert_eq!(created["categorization"][member], guess[member], "{notes}");
        }
        ids.push((created.id(), created["categorization"].clone()));
    }
    // Another choice takes the model's part away, and undo brings back what was said, the version too.
    let (id, said) = &ids[0];
    let chosen = user.patch_expense(*id, &json!({"category_id": 7})).await.expect(200);
    assert_eq!(
        chosen["categorization"],
        json!({"source": "client", "matched": null, "confidence": 1, "suggested": false, "model": null,
               "chosen_at": chosen["updated_at"]})
    );
    user.undo().await.expect(200);
    assert_eq!(user.expense(*id).await.expect(200)["categorization"], *said);
    let exported = user.get("/me/export").await.expect(200);
    let states = exported["expenses"].as_array().unwrap();
    for (id, said) in &ids {
        assert!(states.iter().any(|it| it["id"] == *id && it["categorization"] == *said), "{id}: {states:?}");
    }
    acceptance::books::assert_sound(&user).await;
}

#[tokio::test]
async fn where_nothing_is_sure_it_is_left_alone_and_what_may_be_meant_is_suggested() {
    let app = spawn().await;
    let user = app.user().await;
    let mut suggested = 0;
    for notes in
        ["POS DEBIT 12345", "qwxzy", "", "12345", "Please refund", "misc", "stuff for the thing", "payment to K"]
    {
        let guess = user.categorize(&json!({"notes": notes})).await.expect(200);
        let suggestions = guess["suggestions"].as_array().unwrap();
        assert_eq!(guess["source"] == "none", guess["category"]["id"] == UNCATEGORIZED, "{notes}: {guess:?}");
        if guess["source"] != "none" {
            assert!(suggestions.is_empty(), "{notes}: {guess:?}");
            continue;
        }
        assert_eq!(
            (&guess["matched"], &guess["suggested"], &guess["model"], guess["confidence"].to_string().as_str()),
            (&json!(null), &json!(false), &json!(null), "0"),
            "{notes}"
        );
        assert!(suggestions.len() <= 3, "{notes}: {guess:?}");
        let likely: Vec<f64> = suggestions.iter().map(|it| it["confidence"].to_string().parse().unwrap()).collect();
        assert!(likely.is_sorted_by(|a, b| a >= b) && likely.iter().all(|it| *it < 0.4), "{notes}: {guess:?}");
        for suggestion in suggestions {
            assert!(suggestion["category"]["id"].is_u64() && suggestion["category"]["slug"].is_string(), "{guess:?}");
        }
        suggested += suggestions.len();
    }
    assert!(suggested > 0, "something is suggested for some of them");
    for notes in ["POS DEBIT 12345", "qwxzy", "xyzzy", "asdfgh", "", "12345"] {
        assert_eq!(user.categorize(&json!({"notes": notes})).await["category"]["id"], UNCATEGORIZED, "{notes}");
    }
}
