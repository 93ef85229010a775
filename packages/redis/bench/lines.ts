/** What is said in a benchmark: by so many people in turn that none of them comes near their limit. */

export interface Line {
  userId: number;
  clientId: string;
  parts: readonly [string, string, string];
}

const PEOPLE = 50_000;
let said = 0;

/** Built as a gateway builds it; some 330 bytes. */
export function nextLine(): Line {
  const userId = 1 + (said % PEOPLE);
  said += 1;
  return {
    userId,
    clientId: crypto.randomUUID(),
    parts: [
      '{"type":"new_message","message":{"id":',
      `,"user_id":${userId},"username":"user ${userId}","profile_pic":"https://example.com/people/${userId}.png","message":"good luck to everybody in tonight's draw, line ${said}","message_type":"text","likes":0,"created_at":"`,
      '","is_winner":false,"is_host":false}}',
    ],
  };
}
