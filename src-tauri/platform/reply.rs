//! An answer that is owed: given once, and a refusal if it is forgotten.
//!
//! WebKit ends the app when the page of a question goes away and nobody has answered it.

use std::cell::RefCell;

type Give<T> = Box<dyn FnOnce(Option<T>)>;

/// Gives at most one answer to whoever asked; dropping it says no.
pub(super) struct Reply<T> {
    give: RefCell<Option<Give<T>>>,
}

impl<T> Reply<T> {
    pub(super) fn new(give: impl FnOnce(Option<T>) + 'static) -> Self {
        Self { give: RefCell::new(Some(Box::new(give))) }
    }

    /// Answers; nothing is a refusal.
    pub(super) fn say(&self, answer: Option<T>) {
        let give = self.give.borrow_mut().take();
        if let Some(give) = give {
            give(answer);
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        self.say(None);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    fn reply(given: &Rc<RefCell<Vec<Option<u8>>>>) -> Reply<u8> {
        let given = Rc::clone(given);
        Reply::new(move |answer| given.borrow_mut().push(answer))
    }

    #[test]
    fn an_answer_is_given_once() {
        let given = Rc::default();
        let reply = reply(&given);
        reply.say(Some(1));
        reply.say(Some(2));
        drop(reply);
        assert_eq!(*given.borrow(), [Some(1)]);
    }

    #[test]
    fn a_forgotten_question_is_answered_with_no() {
        let given = Rc::default();
        drop(reply(&given));
        assert_eq!(*given.borrow(), [None]);
    }
}
