/** Who answers: a bot, with a way to a person, or people of the team. */
import type { ConversationModel } from "../conversation/conversation-model.ts";
import { PersonIcon } from "../icons.tsx";
import { useSupportTexts } from "./texts.ts";

export function ConversationHead({ model }: { model: ConversationModel }) {
  const texts = useSupportTexts();
  const team = [...model.members.values()].filter(({ role }) => role === "agent" || role === "admin");
  const people = team.flatMap(({ user_id, presence }) => {
    const person = model.personOf(user_id);
    return person ? [{ userId: user_id, username: person.username, presence }] : [];
  });
  if (model.isBotOn) {
    return (
      <div class="who-answers">
        <p>{texts.botFirst}</p>
        <button class="person" type="button" onClick={() => model.send("talk", { text: texts.personPlease })}>
          <PersonIcon />
          {texts.talkToPerson}
        </button>
      </div>
    );
  }
  if (people.length === 0) return <p class="who-answers">{texts.soonPerson}</p>;
  return (
    <div class="who-answers">
      <ul>
        {people.map(({ userId, username, presence }) => (
          <li key={userId} class="presence">
            <span class={`dot ${presence}`} aria-hidden="true" />
            <bdi>{username}</bdi>
            <span class="presence-word">{texts[presence]}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
