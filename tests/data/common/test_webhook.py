import pytest

from data.common.webhook import post


def test_a_message_is_sent_once(hook):
    post(hook.url, {"text": "pushed"})
    assert hook.got == [{"text": "pushed"}]


def test_transient_errors_are_retried(hook):
    hook.answers = [503, 429]
    post(hook.url, {"text": "pushed"}, pause=0.01)
    assert len(hook.got) == 3


def test_permanent_errors_are_not_retried_and_errors_do_not_contain_the_secret(hook):
    hook.answers = [404]
    with pytest.raises(OSError, match="rejected the alert: HTTP Error 404") as caught:
        post(hook.url, {"text": "pushed"}, pause=0.01)
    assert len(hook.got) == 1
    assert "secret" not in str(caught.value)
    hook.answers = [500] * 9
    with pytest.raises(OSError, match="in 4 attempts"):
        post(hook.url, {"text": "pushed"}, pause=0.01)
