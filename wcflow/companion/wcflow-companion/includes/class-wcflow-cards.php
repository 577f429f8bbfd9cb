<?php
/**
 * Cards of people as the daemon pushes them.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Reads cards, whatever is missing or odd in them, and writes them into the tables.
 */
class Wcflow_Cards {
	const LARGEST = 262144;
	const LISTS   = array( 'accounts', 'emails', 'segments', 'tags', 'groups', 'reasons', 'recent_orders', 'notes', 'tasks', 'timeline' );

	/**
	 * Saves cards; returns those that were refused as person and why, or null where the database failed.
	 *
	 * @param array  $cards      Cards.
	 * @param string $generation Generation that the daemon gave.
	 */
	public static function save_many( $cards, $generation ) {
		$good    = array();
		$refused = array();
		foreach ( $cards as $card ) {
			$why = self::fault( $card );
			if ( $why ) {
				$person    = is_array( $card ) && isset( $card['person'] ) && is_numeric( $card['person'] ) ? (int) $card['person'] : 0;
				$refused[] = compact( 'person', 'why' );
			} else {
				$good[ (int) $card['person'] ] = self::normal( $card );
			}
		}
		if ( $good ) {
			ksort( $good );
			// Once more where another request held the same rows.
			if ( ! self::write_all_or_none( $good, $generation ) && ! self::write_all_or_none( $good, $generation ) ) {
				return null;
			}
		}
		return $refused;
	}

	/**
	 * Writes all cards or none and says which.
	 *
	 * @param array[] $cards      Normal cards by person.
	 * @param string  $generation Generation that the daemon gave.
	 */
	private static function write_all_or_none( $cards, $generation ) {
		global $wpdb;
		$wpdb->query( 'START TRANSACTION' );
		$written = self::write( $cards, $generation );
		if ( $written ) {
			$wpdb->query( 'COMMIT' );
			Wcflow_Orders::follow( self::owners( $cards ) );
		} else {
			$wpdb->query( 'ROLLBACK' );
		}
		return $written;
	}

	/**
	 * Removes people and returns how many there were.
	 *
	 * @param int[] $ids Ids of people.
	 */
	public static function remove( $ids ) {
		global $wpdb;
		$ids = array_values( array_unique( array_filter( array_map( 'intval', $ids ) ) ) );
		$in  = implode( ',', $ids );
		if ( ! $ids ) {
			return 0;
		}
		$orders = Wcflow_Orders::of( $ids );
		foreach ( array( 'cards', 'accounts', 'identities', 'labels', 'people' ) as $name ) {
			$table = Wcflow_Tables::name( $name );
			$count = $wpdb->query( "DELETE FROM `$table` WHERE person IN ($in)" ); // phpcs:ignore WordPress.DB.PreparedSQL
		}
		Wcflow_Orders::refresh( $orders );
		return (int) $count;
	}

	/**
	 * Remembers the generation that the daemon gives and says whether that went well. People of another database are
	 * removed first: it gave their numbers to other people.
	 *
	 * @param string $generation Generation that the daemon gave.
	 */
	public static function begin( $generation ) {
		if ( self::is_other_database( Wcflow_People::generation(), $generation ) && ! self::remove_all() ) {
			return false;
		}
		update_option( 'wcflow_generation', $generation, false );
		return true;
	}

	/**
	 * Says whether two generations are of different databases. What is before the last colon names the database.
	 *
	 * @param string $one   Generation.
	 * @param string $other Generation.
	 */
	public static function is_other_database( $one, $other ) {
		$one   = substr( $one, 0, (int) strrpos( $one, ':' ) );
		$other = substr( $other, 0, (int) strrpos( $other, ':' ) );
		return '' !== (string) $one && '' !== (string) $other && $one !== $other;
	}

	/**
	 * Removes everyone, and takes their numbers out of requests and orders; says whether that went well.
	 */
	private static function remove_all() {
		global $wpdb;
		foreach ( array( 'orders', 'requests' ) as $name ) {
			$table = Wcflow_Tables::name( $name );
			$wpdb->query( "UPDATE `$table` SET person = 0 WHERE person > 0" ); // phpcs:ignore WordPress.DB.PreparedSQL
		}
		foreach ( array( 'cards', 'accounts', 'identities', 'labels', 'people' ) as $name ) {
			$table = Wcflow_Tables::name( $name );
			$empty = $wpdb->query( "TRUNCATE TABLE `$table`" ); // phpcs:ignore WordPress.DB.PreparedSQL
			if ( false === $empty ) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Removes people of other generations and returns how many there were.
	 *
	 * @param string $generation Generation that stays.
	 */
	public static function remove_others( $generation ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'people' );
		$count = 0;
		do {
			// Two ranges, so that the index of generations is read.
			// phpcs:ignore WordPress.DB.PreparedSQL
			$ids    = $wpdb->get_col( $wpdb->prepare( "( SELECT person FROM `$table` WHERE generation < %s LIMIT 1000 ) UNION ( SELECT person FROM `$table` WHERE generation > %s LIMIT 1000 )", $generation, $generation ) );
			$count += self::remove( $ids );
		} while ( $ids );
		return $count;
	}

	/**
	 * Returns why a card cannot be saved, or an empty string.
	 *
	 * @param mixed $card Card.
	 */
	private static function fault( $card ) {
		if ( ! is_array( $card ) ) {
			return 'A card is an object.';
		}
		if ( ! isset( $card['person'] ) || ! is_int( $card['person'] ) || $card['person'] <= 0 ) {
			return 'A card needs a person, a whole number above 0.';
		}
		if ( strlen( Wcflow_Streams::encode( $card ) ) > self::LARGEST ) {
			return 'The card is larger than 256 KB.';
		}
		return '';
	}

	/**
	 * Returns a card in which every field is there with its type.
	 *
	 * @param array $card Card.
	 */
	public static function normal( $card ) {
		foreach ( self::LISTS as $name ) {
			$card[ $name ] = isset( $card[ $name ] ) && is_array( $card[ $name ] ) ? array_values( $card[ $name ] ) : array();
		}
		foreach ( array( 'segments', 'recent_orders', 'notes', 'tasks', 'timeline' ) as $name ) {
			$card[ $name ] = array_values( array_filter( $card[ $name ], 'is_array' ) );
		}
		foreach ( array( 'emails', 'tags', 'groups', 'reasons' ) as $name ) {
			$card[ $name ] = array_values( array_filter( array_map( array( __CLASS__, 'text' ), $card[ $name ] ), 'strlen' ) );
		}
		foreach ( array( 'email', 'name', 'segment', 'company', 'tier', 'status', 'currency', 'phone', 'spent' ) as $name ) {
			$card[ $name ] = self::text( isset( $card[ $name ] ) ? $card[ $name ] : '' );
		}
		foreach ( array( 'segment_since', 'last_order', 'since', 'average' ) as $name ) {
			$card[ $name ] = isset( $card[ $name ] ) && is_scalar( $card[ $name ] ) && '' !== $card[ $name ] ? (string) $card[ $name ] : null;
		}
		foreach ( array( 'billing', 'shipping' ) as $name ) {
			$card[ $name ] = isset( $card[ $name ] ) && is_array( $card[ $name ] ) ? array_map( array( __CLASS__, 'text' ), $card[ $name ] ) : array();
		}
		$accounts         = array_map( 'intval', array_filter( $card['accounts'], 'is_numeric' ) );
		$card['accounts'] = array_values(
			array_filter(
				$accounts,
				static function ( $account ) {
					return $account > 0;
				}
			)
		);
		$card['consent']  = isset( $card['consent'] ) && is_bool( $card['consent'] ) ? $card['consent'] : null;
		$card['points']   = isset( $card['points'] ) && is_numeric( $card['points'] ) ? (int) $card['points'] : null;
		$card['orders']   = isset( $card['orders'] ) && is_numeric( $card['orders'] ) ? (int) $card['orders'] : 0;

		$card['customer_id'] = isset( $card['customer_id'] ) && is_numeric( $card['customer_id'] ) ? max( 0, (int) $card['customer_id'] ) : 0;
		$card['status']      = 'inactive' === $card['status'] ? 'inactive' : 'active';
		$card['spent']       = self::money( $card['spent'] );
		return $card;
	}

	/**
	 * Writes normal cards into all tables and says whether that went well.
	 *
	 * @param array[] $cards      Cards by person.
	 * @param string  $generation Generation that the daemon gave.
	 */
	private static function write( $cards, $generation ) {
		global $wpdb;
		$people     = array();
		$texts      = array();
		$accounts   = array();
		$identities = array();
		$labels     = array();
		foreach ( $cards as $person => $card ) {
			$people[] = self::row( $card, $generation );
			$texts[]  = array( $person, Wcflow_Streams::encode( $card ) );
			foreach ( self::accounts( $card ) as $account ) {
				$accounts[ $account ] = array( $account, $person );
			}
			foreach ( self::identities( $card ) as $pair ) {
				$identities[] = array( $person, $pair[0], $pair[1] );
			}
			foreach ( self::labels( $card ) as $pair ) {
				$labels[] = array( $person, $pair[0], $pair[1] );
			}
		}
		$in = implode( ',', array_map( 'intval', array_keys( $cards ) ) );
		$ok = true;
		foreach ( array( 'accounts', 'identities', 'labels' ) as $name ) {
			$table = Wcflow_Tables::name( $name );
			$ok    = $ok && false !== $wpdb->query( "DELETE FROM `$table` WHERE person IN ($in)" ); // phpcs:ignore WordPress.DB.PreparedSQL
		}
		return $ok
			&& Wcflow_Tables::put( 'people', array_keys( $people[0] ), $people )
			&& Wcflow_Tables::put( 'cards', array( 'person', 'card' ), $texts )
			&& Wcflow_Tables::put( 'accounts', array( 'customer_id', 'person' ), array_values( $accounts ) )
			&& Wcflow_Tables::put( 'identities', array( 'person', 'kind', 'value' ), $identities )
			&& Wcflow_Tables::put( 'labels', array( 'person', 'kind', 'name' ), $labels );
	}

	/**
	 * Returns the accounts and the addresses of normal cards, by person.
	 *
	 * @param array[] $cards Cards by person.
	 */
	private static function owners( $cards ) {
		$owners = array();
		foreach ( $cards as $person => $card ) {
			$owners[ $person ] = array(
				'accounts' => self::accounts( $card ),
				'emails'   => self::emails( $card ),
			);
		}
		return $owners;
	}

	/**
	 * Returns the row of the people table.
	 *
	 * @param array  $card       Normal card.
	 * @param string $generation Generation that the daemon gave.
	 */
	private static function row( $card, $generation ) {
		$name = Wcflow_Streams::cut( $card['name'] );
		$sort = Wcflow_Streams::lower( '' !== $name ? $name : $card['email'] );
		return array(
			'person'        => $card['person'],
			'customer_id'   => $card['customer_id'] ? $card['customer_id'] : ( $card['accounts'] ? $card['accounts'][0] : 0 ),
			'email'         => Wcflow_Streams::cut( $card['email'] ),
			'name'          => $name,
			'sort_name'     => Wcflow_Streams::cut( $sort, 100 ),
			'segment'       => Wcflow_Streams::cut( $card['segment'], 100 ),
			'segment_since' => self::time( $card['segment_since'] ),
			'tier'          => Wcflow_Streams::cut( $card['tier'], 100 ),
			'points'        => $card['points'],
			'status'        => $card['status'],
			'spent'         => $card['spent'],
			'currency'      => Wcflow_Streams::cut( $card['currency'], 10 ),
			'orders'        => $card['orders'],
			'last_order'    => self::time( $card['last_order'] ),
			'company'       => Wcflow_Streams::cut( $card['company'] ),
			'tags'          => self::short_list( $card['tags'] ),
			'groups_json'   => self::short_list( $card['groups'] ),
			'reasons'       => self::short_list( $card['reasons'] ),
			'generation'    => Wcflow_Streams::cut( $generation, 100 ),
			'updated_at'    => gmdate( 'Y-m-d H:i:s' ),
		);
	}

	/**
	 * Returns the ids of the accounts of a person.
	 *
	 * @param array $card Normal card.
	 */
	private static function accounts( $card ) {
		$accounts = array_unique( array_merge( array( $card['customer_id'] ), $card['accounts'] ) );
		return array_values(
			array_filter(
				$accounts,
				function ( $account ) {
					return $account > 0;
				}
			)
		);
	}

	/**
	 * Returns the addresses of a person as they are compared.
	 *
	 * @param array $card Normal card.
	 */
	private static function emails( $card ) {
		$emails = array_map( array( __CLASS__, 'email' ), array_merge( array( $card['email'] ), $card['emails'] ) );
		return array_filter( array_slice( array_unique( $emails ), 0, 50 ), 'strlen' );
	}

	/**
	 * Returns the addresses and words by which a person is found, as pairs of kind and value.
	 *
	 * @param array $card Normal card.
	 */
	private static function identities( $card ) {
		$pairs = array();
		foreach ( self::emails( $card ) as $email ) {
			$pairs[] = array( 'email', $email );
		}
		$text = implode( ' ', array_merge( array( $card['name'], $card['email'], $card['company'] ), array_slice( $card['emails'], 0, 50 ) ) );
		foreach ( array_slice( self::words( $text, true ), 0, 100 ) as $word ) {
			$pairs[] = array( 'word', $word );
		}
		return $pairs;
	}

	/**
	 * Returns what lists filter by, as pairs of kind and name.
	 *
	 * @param array $card Normal card.
	 */
	private static function labels( $card ) {
		$pairs = array();
		foreach ( array( 'segment', 'company', 'tier', 'status' ) as $kind ) {
			if ( '' !== $card[ $kind ] ) {
				$pairs[] = array( $kind, Wcflow_Streams::cut( $card[ $kind ] ) );
			}
		}
		foreach ( array( 'tag', 'group' ) as $kind ) {
			foreach ( array_slice( $card[ $kind . 's' ], 0, 200 ) as $name ) {
				$pairs[] = array( $kind, Wcflow_Streams::cut( $name ) );
			}
		}
		return $pairs;
	}

	/**
	 * Returns the words of a text in lower case, each once; of an address also the whole of it.
	 *
	 * @param string $text  Text.
	 * @param bool   $parts Whether an address gives its parts as well.
	 */
	public static function words( $text, $parts ) {
		$words = array();
		foreach ( preg_split( '/[\s,;"<>()]+/u', Wcflow_Streams::lower( wp_check_invalid_utf8( $text, true ) ), -1, PREG_SPLIT_NO_EMPTY ) as $word ) {
			$words[] = Wcflow_Streams::cut( $word, 100 );
			if ( $parts ) {
				$pieces = array_merge( preg_split( '/[^\p{L}\p{N}\p{M}]+/u', $word ), explode( '@', $word ) );
				foreach ( array_filter( $pieces, 'strlen' ) as $part ) {
					$words[] = Wcflow_Streams::cut( $part, 100 );
				}
			}
		}
		return array_values( array_unique( $words ) );
	}

	/**
	 * Returns an address as it is compared.
	 *
	 * @param mixed $email Address.
	 */
	public static function email( $email ) {
		return Wcflow_Streams::cut( Wcflow_Streams::lower( trim( self::text( $email ) ) ) );
	}

	/**
	 * Returns a text, empty where the value is none.
	 *
	 * @param mixed $value Value.
	 */
	public static function text( $value ) {
		return is_scalar( $value ) && ! is_bool( $value ) ? str_replace( "\0", '', (string) $value ) : '';
	}

	/**
	 * Returns an amount that the column takes.
	 *
	 * @param mixed $value Amount.
	 */
	private static function money( $value ) {
		return preg_match( '/^-?[0-9]{1,14}(\.[0-9]+)?$/D', (string) $value ) ? (string) $value : '0';
	}

	/**
	 * Returns a time as MySQL writes it, or null where it is none.
	 *
	 * @param string|null $value Time such as 2026-11-28T20:15:00Z.
	 */
	private static function time( $value ) {
		$match   = preg_match( '/^([12][0-9]{3}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?(Z|\+00:00)$/D', (string) $value, $found );
		$seconds = $match ? strtotime( $found[1] . ' ' . $found[2] . ' UTC' ) : false;
		return false === $seconds ? null : gmdate( 'Y-m-d H:i:s', $seconds );
	}

	/**
	 * Returns a list of texts as JSON that fits into a text column.
	 *
	 * @param string[] $list Texts.
	 */
	private static function short_list( $list ) {
		$list = array_slice( $list, 0, 100 );
		$json = Wcflow_Streams::encode( $list );
		return strlen( $json ) <= 60000 ? $json : self::short_list( array_slice( $list, 0, (int) ( count( $list ) / 2 ) ) );
	}
}
