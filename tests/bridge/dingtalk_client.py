# Posts one message of each kind with a library that somebody else wrote; the argument is the robot's URL.
import sys
from dingtalkchatbot.chatbot import ActionCard, CardItem, DingtalkChatbot
robot = DingtalkChatbot(sys.argv[1], secret="SECnot-the-bridges")
button = lambda title: CardItem(title=title, url="https://example.test/" + title)
link = lambda title: CardItem(title=title, url="https://example.test/" + title, pic_url="https://example.test/p.png")
for answer in [
    robot.send_text(msg="text from a library", at_mobiles=["13800000000"]),
    robot.send_markdown(title="markdown", text="#### markdown\n> from a *library*", is_at_all=True),
    robot.send_link(title="link", text="from a library", message_url="https://example.test/"),
    robot.send_action_card(ActionCard(title="card", text="one button", btns=[button("go")])),
    robot.send_action_card(ActionCard(title="card", text="two buttons", btns=[button("yes"), button("no")], btn_orientation=1)),
    robot.send_feed_card([link("one"), link("two")]),
]:
    assert answer == {"errcode": 0, "errmsg": "ok"}, answer
wrong = DingtalkChatbot(sys.argv[1] + "x").send_text(msg="never")
assert wrong == {"errcode": 300005, "errmsg": "token is not exist"}, wrong
